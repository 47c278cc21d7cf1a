import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { growingSamples } from '../support/assertions/store-series.js'
import { CapturedIncarnation, permutations } from '../support/engines/captured-incarnation.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const TURNS = 3
const EVENTS = [
  'late report of incarnation 1',
  'close of the port of incarnation 1',
  'connect of incarnation 2',
  'report of incarnation 2',
  'doubled report',
] as const
type Event = (typeof EVENTS)[number]

/** Checks after each event that no counter went down and that the rows are as expected. */
class Watch {
  readonly #aggregator: EngineAggregator
  #before = new Map<string, number>()

  constructor(aggregator: EngineAggregator) {
    this.#aggregator = aggregator
  }

  /**
   * @param rows number of recorded rows, which stats must equal and an exposition must not exceed
   */
  async look(rows: number, order: string): Promise<void> {
    const samples = parseExposition(await this.#aggregator.registry.metrics())
    const now = growingSamples(samples)
    for (const [key, value] of this.#before) {
      assert.ok((now.get(key) ?? -1) >= value, `${key} went down: ${order}`)
    }
    this.#before = now
    const shown = shownRows(samples)
    assert.ok(shown <= rows, `${shown} rows shown of ${rows}: ${order}`)
    assert.equal(this.#aggregator.stats(0).rows, rows, order)
  }
}

function shownRows(samples: ReturnType<typeof parseExposition>): number {
  return samples
    .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
    .reduce((sum, { value }) => sum + value, 0)
}

/** Runs the events in one order; returns the exposition at the end. */
async function happen(order: readonly Event[], byPort: boolean, atOnce: boolean): Promise<string> {
  const what = `${order.join(', ')} (${byPort ? 'by port' : 'ingested'}${atOnce ? ', at once' : ''})`
  const aggregator = new EngineAggregator({ now: () => 1_000, monotonicNow: () => 1_000 })
  const watch = new Watch(aggregator)
  const first = new CapturedIncarnation(aggregator, 0)
  const early = first.rows(3).report()
  const late = first.rows(2).report()
  // Rows that only the journal contains.
  first.rows(2)
  let rows = 7
  let second: CapturedIncarnation | undefined
  const hand = (report: Uint8Array) => {
    if (byPort) first.post(report)
    else {
      const result = aggregator.ingest(report)
      // Rejected after the end of the incarnation.
      const { reason = '' } = result.accepted ? {} : result.error
      assert.ok(['local', 'incarnation'].includes(reason), `${reason}: ${what}`)
    }
  }
  const actions: Record<Event, () => void> = {
    'late report of incarnation 1': () => hand(early),
    'close of the port of incarnation 1': () => first.die(),
    'connect of incarnation 2': () => {
      second = new CapturedIncarnation(aggregator, 0).rows(4)
      rows += 4
    },
    'report of incarnation 2': () => {
      if (second === undefined) return
      second.post(second.report())
      second.rows(1)
      rows += 1
    },
    'doubled report': () => {
      hand(late)
      hand(late)
    },
  }
  await watch.look(rows, what)
  for (const event of order) {
    actions[event]()
    if (atOnce) continue
    for (let index = 0; index < TURNS; index++) await turn()
    await watch.look(rows, `${what}, after ${event}`)
  }
  for (let index = 0; index < TURNS; index++) await turn()
  await watch.look(rows, what)
  await aggregator.close()
  await watch.look(rows, what)
  first.dispose()
  second?.dispose()
  assert.equal(rows, 12)
  const lines = (await aggregator.registry.metrics()).split('\n')
  return lines.filter((line) => line.startsWith('vllm:')).join('\n')
}

test('late and repeated reports, the end of an incarnation and the next incarnation add up in every order', async () => {
  // An incarnation reports after its begin.
  const orders = [...permutations(EVENTS)].filter(
    (order) => order.indexOf('connect of incarnation 2') < order.indexOf('report of incarnation 2'),
  )
  const ends = new Set<string>()
  let runs = 0
  for (const order of orders) {
    for (const byPort of [true, false]) {
      for (const atOnce of [true, false]) {
        ends.add(await happen(order, byPort, atOnce))
        runs++
      }
    }
  }
  console.log(`${orders.length} orders in ${runs} runs: ${ends.size} different end`)
  assert.equal(orders.length, 60)
  assert.equal(ends.size, 1)
})

test('reports of two remote incarnations, each repeated, add up in every order', async () => {
  const told = ([incarnation, sequence, rows]: readonly number[]) =>
    reportBytes({ incarnation, sequence, series: [seriesWithRows(rows)] })
  const reports = [
    [1, 1, 3],
    [1, 2, 5],
    [1, 2, 5],
    [2, 1, 4],
    [2, 1, 4],
  ]
  let orders = 0
  for (const order of permutations(reports)) {
    const aggregator = new EngineAggregator()
    let before = 0
    for (const report of order) {
      assert.ok(aggregator.ingest(told(report)).accepted)
      const { rows } = aggregator.stats(0)
      assert.ok(rows >= before && rows <= 9, `${rows} after ${before}: ${order.join(' ')}`)
      before = rows
    }
    assert.equal(before, 9)
    await aggregator.close()
    orders++
  }
  console.log(`${orders} orders of ${reports.length} reports of two incarnations: one end`)
})

for (const series of ['keep', 'drop'] as const) {
  test(`an engine that is disconnected with '${series}' and connects again counts correctly`, async () => {
    const aggregator = new EngineAggregator({ now: () => 1_000, monotonicNow: () => 1_000 })
    const shown = async () => parseExposition(await aggregator.registry.metrics())
    const first = new CapturedIncarnation(aggregator, 0).rows(3)
    const other = new CapturedIncarnation(aggregator, 1).rows(50)
    const early = first.report()
    first.post(early)
    first.rows(2)
    aggregator.disconnect(0, { series })
    const kept = series === 'keep' ? 5 : 0
    assert.equal(aggregator.stats(0).rows, kept)
    // Its later rows and reports do not count.
    first.post(first.rows(9).report())
    for (let index = 0; index < TURNS; index++) await turn()
    assert.equal(aggregator.stats(0).rows, kept)
    const ofEngine = (await shown()).filter(({ labels }) => labels.engine === '0')
    assert.equal(ofEngine.length > 0, series === 'keep')
    assert.deepEqual(aggregator.engines, series === 'keep' ? [0, 1] : [1])
    // A second call, and one for an unknown engine, have no effect.
    aggregator.disconnect(0)
    aggregator.disconnect(77, { series })

    const second = new CapturedIncarnation(aggregator, 0).rows(4)
    second.post(second.report())
    for (let index = 0; index < TURNS; index++) await turn()
    assert.equal(aggregator.stats(0).rows, kept + 4)
    assert.equal(shownRows((await shown()).filter(({ labels }) => labels.engine === '0')), kept + 4)
    aggregator.disconnect(0)
    assert.equal(aggregator.stats(0).rows, kept + 4)
    assert.equal(aggregator.stats(1).rows, 50)
    await aggregator.close()
    for (const life of [first, second, other]) life.dispose()
  })
}

test('a report of an incarnation that was dropped does not count for the next incarnation', async () => {
  const aggregator = new EngineAggregator({ now: () => 1_000, monotonicNow: () => 1_000 })
  const first = new CapturedIncarnation(aggregator, 0).rows(9)
  const late = first.report()
  aggregator.disconnect(0, { series: 'drop' })
  const second = new CapturedIncarnation(aggregator, 0).rows(2)
  aggregator.ingest(late)
  const before = shownRows(parseExposition(await aggregator.registry.metrics()))
  assert.ok(before <= 2, `${before} rows shown of 2`)
  await aggregator.close()
  assert.equal(aggregator.stats(0).rows, 2)
  for (const life of [first, second]) life.dispose()
})

test('a report with more rows than the incarnation’s journal never makes a counter go down', async () => {
  const aggregator = new EngineAggregator({ now: () => 1_000, monotonicNow: () => 1_000 })
  const life = new CapturedIncarnation(aggregator, 0).rows(2)
  life.post(life.report())
  for (let index = 0; index < TURNS; index++) await turn()
  const { incarnation } = life.link
  aggregator.ingest(reportBytes({ incarnation, sequence: 9, series: [seriesWithRows(50)] }))
  const before = shownRows(parseExposition(await aggregator.registry.metrics()))
  await aggregator.close()
  const after = shownRows(parseExposition(await aggregator.registry.metrics()))
  assert.ok(after >= before, `${after} rows after ${before}`)
  assert.equal(after, 2)
  life.dispose()
})
