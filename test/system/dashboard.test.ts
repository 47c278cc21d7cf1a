import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  EXTRA_COUNTER_METRICS,
  IN_FLIGHT_METRIC,
  SELF_METRICS,
  STORE_METRICS,
} from '../../src/catalogue.js'
import { outliers } from '../../src/grafana/outliers.js'
import { metricsHandler } from '../../src/index.js'
import { isOutlier, ratiosToOthers } from '../../src/live/outliers.js'
import { Random } from '../../src/simulate/random.js'
import {
  type DashboardQuery,
  queriesOf,
  queriesWithoutData,
} from '../support/assertions/dashboard-queries.js'
import type { Dashboard, Selection } from '../support/assertions/dashboards.js'
import {
  FLEET_INSTANCES,
  RESTARTED_ENGINE,
  SLOW_INSTANCE,
  startDashboardEngines,
  startFleetEngines,
  startTotalledEngines,
} from '../support/engines/dashboard-engines.js'
import {
  runCommands,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import {
  PROMETHEUS_SKIP,
  type Prometheus,
  startPrometheus,
} from '../support/processes/prometheus.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const PREFIX = 'app_'
const WAIT_MS_MAX = 60_000
const ENGINES_MAX = 8
const ROUNDS = 5
const METRICS = [
  ...Object.values({ ...STORE_METRICS, ...EXTRA_COUNTER_METRICS, ...SELF_METRICS }),
  IN_FLIGHT_METRIC,
]

const NATIVE = /native histograms/
const CLASSIC = /classic buckets/
const EXTRAS = /^(?:Transferred bytes|Operations in flight|Hit keys|Hit ratio)/
/** Whether the simulation has any depends on chance. */
const OUTLIERS = /^Outlier engines, classic/
const RESTARTS = /^(?:Restarts by reason A|Engines F)$/

/** What each job has no data for, and why; everything else has some. */
const JOBS: Readonly<Record<string, readonly (readonly [queries: RegExp, reason: string])[]>> = {
  simulate: [
    [NATIVE, 'the command serves classic buckets only'],
    [EXTRAS, 'the command does not ask for extra metrics'],
    [RESTARTS, 'no engine fails'],
  ],
  classic: [[NATIVE, 'text has no native histograms']],
  native: [[CLASSIC, 'Prometheus stores no buckets of native histograms']],
  totals: [
    [NATIVE, 'the aggregator does not make any'],
    [EXTRAS, 'the aggregator does not ask for extra metrics'],
    [RESTARTS, 'no engine is restarted'],
    [/^\$engine$/, 'no series has the label'],
    [/^(?:Engines down A|Engines [AG])$/, 'the sum over all engines has no state of an engine'],
    [OUTLIERS, 'there is one series, which has nothing to be compared with'],
  ],
  fleet: [
    [NATIVE, 'text has no native histograms'],
    [EXTRAS, 'the aggregator does not ask for extra metrics'],
    [RESTARTS, 'no engine is restarted'],
    [OUTLIERS, 'all engines are equally fast'],
  ],
}
/** The selected values of the variables for each job; All where nothing is given. */
const SELECTED: Readonly<Record<string, Selection>> = { fleet: { instance: ['host-a'] } }

test('the queries of the dashboard find data in a Prometheus server', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const prometheus = await startServers(context)
  const dashboards = await printDashboards(context)
  const classic = dashboards.get('classic')
  assert.ok(classic !== undefined)

  for (const [job, dashboard] of dashboards) {
    await context.test(
      `each query has data of the job ${job}, but for what it does not have`,
      async () => {
        const isChance = (key: string) => job === 'simulate' && OUTLIERS.test(key)
        const queries = queriesOf(dashboard, SELECTED[job]).filter(({ key }) => !isChance(key))
        const empty = queries.filter(({ key }) => isEmptyIn(job, key))
        let waiting = queries.filter((query) => !empty.includes(query))
        const isReady = async () => {
          waiting = await queriesWithoutData(prometheus, waiting)
          return waiting.length === 0
        }
        // The comparison says what is missing.
        await waitUntil('all data', isReady, WAIT_MS_MAX).catch(() => {})
        const missing = [...waiting, ...(await queriesWithoutData(prometheus, empty))]
        assert.deepEqual(keysOf(missing), keysOf(empty))
      },
    )
  }

  await context.test('each query has data of one job at least', () => {
    const keys = keysOf(queriesOf(classic))
    assert.ok(keys.length > 40)
    const never = keys.filter((key) => Object.keys(JOBS).every((job) => isEmptyIn(job, key)))
    assert.deepEqual(never, [])
  })

  await context.test('a query with a name that is wrong has no data', async () => {
    for (const { name } of METRICS) {
      // Behind `unless`, a name decides about what is left out, which the next test looks at.
      const pattern = new RegExp(
        `(?<!unless (?:on \\(job\\) )?${PREFIX})${name}(?=(?:_bucket)?\\{)`,
        'g',
      )
      // The number of engines that are up is read only for totals over all engines.
      const job = name === SELF_METRICS.enginesUp.name ? 'totals' : 'classic'
      const wrong: readonly DashboardQuery[] = queriesOf(dashboards.get(job) ?? classic)
        .filter(({ key, text }) => text.search(pattern) >= 0 && !isEmptyIn(job, key))
        .map((query) => ({ ...query, text: query.text.replaceAll(pattern, `${name}s`) }))
      assert.ok(wrong.length > 0, name)
      assert.deepEqual(keysOf(await queriesWithoutData(prometheus, wrong)), keysOf(wrong), name)
    }
  })

  await context.test('the last report of an engine that is down is left out', async () => {
    const enginesOf = async (name: string) => {
      const found = await prometheus.query(textOf(classic, name))
      return found.map(({ metric }) => metric.engine).sort()
    }
    assert.deepEqual(await enginesOf('Engines A'), ['0', '0', '1', `${RESTARTED_ENGINE}`])
    await waitUntil('the end of the restarted engine', async () => {
      return (await enginesOf('Last report by engine A')).join() === '0,0,1'
    })
  })

  await context.test('with honor_labels, the engines of the selected instance count', async () => {
    // A value is awaited, since an engine of a loaded machine may be silent for a moment.
    const assertValues = async (key: string, selected: Selection, expected: readonly number[]) => {
      const text = textOf(dashboards.get('fleet') ?? classic, key, selected)
      await waitUntil(`${key} is ${expected} of ${JSON.stringify(selected)}`, async () => {
        const found = await prometheus.query(text)
        return found.map(({ value: [, value] }) => value).join() === expected.join()
      })
    }
    const one = { instance: FLEET_INSTANCES.slice(0, 1) }
    await assertValues('Engines up A', {}, [FLEET_INSTANCES.length])
    await assertValues('Engines up A', one, [1])
    await assertValues('Engines up A', { instance: ['none'] }, [])
    await assertValues('Engines up by instance A', {}, [1, 1])
    await assertValues('Engines up by instance A', one, [1])
    // Closed engines are not down.
    await assertValues('Engines down A', one, [0])
    await assertValues('Engines down A', {}, [1])
  })

  await context.test('the values of variables select series', async () => {
    const assertOperations = async (selected: Selection, expected: string) => {
      const text = textOf(classic, 'Operations by operation A', selected)
      await waitUntil(`${expected} of ${JSON.stringify(selected)}`, async () => {
        const found = await prometheus.query(text)
        return (
          found
            .map(({ metric }) => metric.operation)
            .sort()
            .join() === expected
        )
      })
    }
    await assertOperations({}, 'load_get,lookup_exists')
    await assertOperations({ operation: ['load_get'] }, 'load_get')
    await assertOperations({ operation: ['load_get', 'none'] }, 'load_get')
    await assertOperations({ operation: ['load.get'] }, '')
    await assertOperations({ status: ['partial_failure'] }, 'load_get')
    await assertOperations({ engine: ['9'] }, '')
  })

  await context.test('the engine that is slow is the one outlier', async () => {
    for (const [job, kind] of [
      ['classic', 'classic buckets'],
      ['native', 'native histograms'],
    ] as const) {
      const text = textOf(dashboards.get(job) ?? classic, `Outlier engines, ${kind} A`)
      await waitUntil(`the outlier of ${job}`, async () => {
        const found = await prometheus.query(text)
        const engines = found.map(({ metric }) => `${metric.exported_instance} ${metric.engine}`)
        return engines.join() === `${SLOW_INSTANCE} 0`
      })
    }
  })

  await context.test('outliers are those of the live page, for any number of engines', async () => {
    const random = new Random(5, 0)
    let total = 0
    for (let engines = 1; engines <= ENGINES_MAX; engines++) {
      for (let round = 0; round < ROUNDS; round++) {
        const values = Array.from({ length: engines }, () => random.logNormal(0.01, 1.5))
        const vectors = values.map((value, engine) => {
          return `label_replace(vector(${value}), "engine", "${engine}", "", "")`
        })
        const found = await prometheus.query(outliers(vectors.join(' or ')))
        const indices = found.map(({ metric }) => Number(metric.engine)).sort()
        assert.deepEqual(indices, outliersOf(values), `${values}`)
        total += indices.length
      }
    }
    assert.ok(total > ENGINES_MAX)
  })
})

/** One Prometheus server that scrapes the command, and aggregators in each way that differs. */
async function startServers(context: TestContext): Promise<Prometheus> {
  const engines = startDashboardEngines(context, PREFIX)
  const handlers = [
    metricsHandler(engines, { path: '/classic', formats: ['text'] }),
    metricsHandler(engines, { path: '/native', formats: ['protobuf'] }),
    metricsHandler(startTotalledEngines(context, PREFIX), { path: '/totals' }),
    metricsHandler(startFleetEngines(context, PREFIX), { path: '/fleet', formats: ['text'] }),
  ]
  const url = await serve(context, (request, response) => {
    const callFrom = (index: number) => {
      handlers[index]?.(request, response, () => callFrom(index + 1))
    }
    callFrom(0)
  })
  const simulation = startCommand(context, [
    ...['simulate', '--engines', '2', '--duration', '0', '--error-rate', '0.1'],
    ...['--listen', '127.0.0.1:0'],
  ])
  const simulated = await servedUrl(simulation)
  return startPrometheus(context, {
    directory: temporaryDirectory(context),
    jobs: {
      simulate: `${simulated}/metrics`,
      classic: `${url}/classic`,
      native: `${url}/native`,
      totals: `${url}/totals`,
    },
    config: {
      scrape_configs: [
        {
          job_name: 'fleet',
          metrics_path: '/fleet',
          honor_labels: true,
          static_configs: [{ targets: [new URL(url).host] }],
        },
      ],
    },
    args: ['--enable-feature=native-histograms'],
  })
}

/** What `moonmeter dashboard` prints for each job. */
async function printDashboards(context: TestContext): Promise<Map<string, Dashboard>> {
  const jobs = Object.keys(JOBS)
  const ends = await runCommands(
    context,
    jobs.map((job) => {
      const prefix = job === 'simulate' ? [] : ['--prefix', PREFIX]
      return ['dashboard', '--job', job, ...prefix]
    }),
  )
  return new Map(ends.map(({ stdout }, index) => [`${jobs[index]}`, JSON.parse(stdout)]))
}

function isEmptyIn(job: string, key: string): boolean {
  return (JOBS[job] ?? []).some(([queries]) => queries.test(key))
}

function keysOf(queries: readonly DashboardQuery[]): string[] {
  return queries.map(({ key }) => key)
}

/** The text of one query of a dashboard. */
function textOf(dashboard: Dashboard, key: string, selected?: Selection): string {
  const query = queriesOf(dashboard, selected).find((query) => query.key === key)
  assert.ok(query !== undefined, key)
  return query.text
}

/** The indices of the values that are outliers on the live page. */
function outliersOf(values: readonly number[]): number[] {
  const ratios = ratiosToOthers(new Map(values.map((value, index) => [`${index}`, value])))
  return [...values.keys()].filter((index) => {
    const { medianSeconds = Number.NaN } = ratios.get(`${index}`) ?? {}
    return isOutlier(values[index] ?? Number.NaN, medianSeconds)
  })
}
