import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { STORE_OPERATIONS } from '../../src/simulate/store-call.js'
import { runCommand } from '../support/processes/command.js'
import { type Labels, playScenario, type Scraped } from '../support/processes/scenario.js'

/** Concurrent, since the tests mostly wait for the phases. */
const CONCURRENCY = 4
const ROWS_MIN = 300
const FAILURE_STATUSES = ['error', 'partial_failure'] as const

/** The upper bound of the bucket with a quantile of the durations between two scrapes. */
function quantileBound(earlier: Scraped, later: Scraped, quantile: number, labels: Labels): number {
  const total = later.store('time_seconds_count', labels)
  const count = total - earlier.store('time_seconds_count', labels)
  assert.ok(count >= ROWS_MIN)
  const bounds = later
    .samples('vllm:mooncake_store_operation_time_seconds_bucket', labels)
    .map((sample) => sample.labels.le ?? '')
  const found = [...new Set(bounds)].find((le) => {
    const withBound = { ...labels, le }
    const inBuckets = (scraped: Scraped) => scraped.store('time_seconds_bucket', withBound)
    return inBuckets(later) - inBuckets(earlier) >= quantile * count
  })
  return Number(found?.replace('+Inf', 'Infinity'))
}

describe('scenarios', { concurrency: CONCURRENCY }, () => {
  test('slow-network: each byte of gets and puts takes several times as long', async (context) => {
    const played = await playScenario(context, 'slow-network')
    const { calm } = played
    assert.match(await played.fault(), /^slow-network: gets and puts are 5 times slower/)
    const begin = await played.nextReports()
    const puts = (now: Scraped, engine: string) =>
      now.store('total', { engine, operation: 'save_put' })
    const end = await played.scrapeUntil('further puts', (now) =>
      ['0', '1'].every((engine) => puts(now, engine) > puts(begin, engine) + ROWS_MIN),
    )
    for (const engine of ['0', '1']) {
      const labels = { engine, operation: 'save_put' }
      const seconds = (now: Scraped) => now.store('time_seconds_sum', labels)
      const bytes = (now: Scraped) => now.store('bytes_total', labels)
      const before = seconds(calm) / bytes(calm)
      const after = (seconds(end) - seconds(begin)) / (bytes(end) - bytes(begin))
      const factor = after / before
      assert.ok(factor > 3.5 && factor < 6.5, `engine ${engine}: ${factor} times slower`)
    }
    await played.stop()
  })

  test('slow-engine: the p99 of the last engine is far above that of the others', async (context) => {
    const played = await playScenario(context, 'slow-engine', { engines: 3 })
    assert.match(await played.fault(), /^slow-engine: engine 2 is 12 times slower/)
    const begin = await played.nextReports()
    const lookups = (engine: string) => ({ engine, operation: 'lookup_exists' })
    const end = await played.scrapeUntil('further lookups', (now) =>
      ['0', '1', '2'].every(
        (engine) =>
          now.store('total', lookups(engine)) > begin.store('total', lookups(engine)) + ROWS_MIN,
      ),
    )
    // By the model, the p99 of a lookup is 2 ms, and 24 ms with the fault.
    const p99 = (engine: string) => quantileBound(begin, end, 0.99, lookups(engine))
    assert.deepEqual(['0', '1', '2'].map(p99), [0.005, 0.005, 0.05])
    await played.stop()
  })

  test('error-burst: calls of all engines and operations fail, until the burst is over', async (context) => {
    const played = await playScenario(context, 'error-burst', { more: ['--scenario-for', '2'] })
    assert.equal(played.calm.store('failed_keys_total'), 0)
    assert.match(await played.fault(), /^error-burst: 30 % of the calls of all engines fail/)
    await played.scrapeUntil('errors of all', (now) =>
      ['0', '1'].every((engine) =>
        STORE_OPERATIONS.every(
          (operation) => now.store('total', { engine, operation, status: 'error' }) > 0,
        ),
      ),
    )
    await played.simulation.waitForStderr(/ scenario error-burst: no more calls fail than before\n/)
    let before = await played.scrape()
    await played.scrapeUntil('rows without failures', (now) => {
      const isWell =
        now.store('total') > before.store('total') + ROWS_MIN &&
        now.store('failed_keys_total') === before.store('failed_keys_total')
      if (now.store('total') > before.store('total')) before = isWell ? before : now
      return isWell
    })
    await played.stop()
  })

  test('store-full: puts fail in both ways, gets miss keys, and lookups do not fail', async (context) => {
    const played = await playScenario(context, 'store-full')
    assert.equal(played.calm.store('failed_keys_total'), 0)
    assert.match(
      await played.fault(),
      /^store-full: the store is full: puts fail and gets miss keys/,
    )
    const full = await played.scrapeUntil('failures', (now) =>
      ['0', '1'].every(
        (engine) =>
          FAILURE_STATUSES.every(
            (status) =>
              now.store('failed_keys_total', { engine, operation: 'save_put', status }) > 0,
          ) && now.store('failed_keys_total', { engine, operation: 'load_get' }) > 0,
      ),
    )
    for (const operation of ['lookup_exists', 'save_exists']) {
      assert.equal(full.store('failed_keys_total', { operation }), 0)
    }
    await played.stop()
  })

  test('crash-loop: the last engine is restarted repeatedly, and no row is lost', async (context) => {
    const played = await playScenario(context, 'crash-loop')
    const { calm } = played
    assert.equal(calm.sum('moonmeter_engine_restarts_total'), 0)
    assert.match(await played.fault(), /^crash-loop: engine 1 crashes 1 s after each start/)
    const restarts = (now: Scraped) =>
      now.sum('moonmeter_engine_restarts_total', { engine: '1', reason: 'error' })
    const looped = await played.scrapeUntil('restarts', (now) => restarts(now) >= 3)
    assert.equal(looped.sum('moonmeter_engine_restarts_total', { engine: '0' }), 0)
    assert.equal(looped.sum('moonmeter_engine_up', { engine: '0' }), 1)
    const { stderr } = await played.stop()
    const [, crashed] = / (\d+) incarnations crashed as planned; .* agree\n/.exec(stderr) ?? []
    assert.ok(Number(crashed) >= 3, stderr)
  })

  test('silent-engine: only the last engine is not up, until it continues', async (context) => {
    const more = ['--threads', '1', '--scenario-for', '5']
    const played = await playScenario(context, 'silent-engine', { engines: 3, more })
    const up = (now: Scraped) =>
      ['0', '1', '2'].map((engine) => now.sum('moonmeter_engine_up', { engine }))
    assert.deepEqual(up(played.calm), [1, 1, 1])
    assert.match(await played.fault(), /^silent-engine: engine 2 hangs/)
    const rows = (now: Scraped) => now.store('total', { engine: '2' })
    const silent = await played.scrapeUntil('silence', (now) => up(now)[2] === 0)
    assert.deepEqual(up(silent), [1, 1, 0])
    const later = await played.scrapeUntil(
      'rows of others',
      (now) => now.store('total') > silent.store('total') + ROWS_MIN,
    )
    assert.equal(rows(later), rows(silent))
    await played.simulation.waitForStderr(/ scenario silent-engine: engine 2 no longer hangs\n/)
    await played.scrapeUntil(
      'the end of the silence',
      (now) => up(now)[2] === 1 && rows(now) > rows(silent),
    )
    await played.stop()
  })

  test('silent-engine: an engine that hangs ends on a signal', async (context) => {
    const played = await playScenario(context, 'silent-engine', { engines: 1 })
    await played.fault()
    await played.stop()
  })

  test('rejected-payloads: payloads are rejected, and no engine is affected', async (context) => {
    const played = await playScenario(context, 'rejected-payloads')
    assert.equal(played.calm.sum('moonmeter_payloads_rejected_total'), 0)
    assert.match(
      await played.fault(),
      /^rejected-payloads: a truncated payload arrives each second/,
    )
    const scraped = await played.scrapeUntil(
      'rejections',
      (now) => now.sum('moonmeter_payloads_rejected_total', { reason: 'truncated' }) >= 2,
    )
    assert.equal(scraped.samples('moonmeter_engine_up').length, 2)
    await played.stop()
  })

  test('series-limit: rows of the last engine get the operation "other"', async (context) => {
    const played = await playScenario(context, 'series-limit')
    const operationsOf = (now: Scraped, engine: string) =>
      new Set(
        now
          .samples('vllm:mooncake_store_operation_total', { engine })
          .map(({ labels }) => labels.operation),
      )
    assert.deepEqual([...operationsOf(played.calm, '1')].sort(), [...STORE_OPERATIONS].sort())
    assert.match(await played.fault(), /^series-limit: engine 1 records each lookup under a new/)
    const limited = await played.scrapeUntil(
      'rows of other operations',
      (now) => now.store('total', { engine: '1', operation: 'other' }) > ROWS_MIN / 10,
    )
    assert.deepEqual([...operationsOf(limited, '0')].sort(), [...STORE_OPERATIONS].sort())
    assert.ok(operationsOf(limited, '1').has('lookup_of_request_0'))
    await played.stop()
  })

  test('a fault after the end of the run is rejected', async (context) => {
    const { code, stderr } = await runCommand(context, [
      ...['simulate', '--engines', '1', '--listen', '127.0.0.1:0', '--duration', '0.2'],
      ...['--scenario', 'store-full', '--scenario-after', '3'],
    ])
    assert.equal(code, 0, stderr)
    assert.match(stderr, / warn {2}scenario store-full: expected .* of 0\.2 s, got .* after 3 s;/)
  })

  test('the help lists the scenarios, each with its meaning on the same line', async (context) => {
    const { stdout } = await runCommand(context, ['simulate', '--help'])
    const [, list = ''] = /Scenarios:\n(.*?)\n\n/s.exec(stdout) ?? []
    const lines = list.split('\n')
    assert.equal(lines.length, 8)
    for (const line of lines) assert.match(line, /^ {2}[a-z-]+ {2,}\S.{10,38}$/)
  })
})
