import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Registry } from 'prom-client'
import {
  EngineAggregator,
  KVConnectorLogging,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { startRecording } from '../support/engines/recording.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Stats with many names: each operation with each status has one row. */
function manyNames(operations: number, statuses: number): MooncakeStoreConnectorStats {
  const stats = new MooncakeStoreConnectorStats({ operationsMax: 1_000, statusesMax: 1_000 })
  for (let operation = 0; operation < operations; operation++) {
    for (let status = 0; status < statuses; status++) {
      stats.recordOperation(`op${operation}`, 0.5, 1, { status: `s${status}` })
    }
  }
  return stats
}

function statsOf(operation: string, rows: number, options = {}): MooncakeStoreConnectorStats {
  const stats = new MooncakeStoreConnectorStats(options)
  for (let row = 1; row <= rows; row++) stats.recordOperation(operation, row / 1_000, 1)
  return stats
}

/** A log function that fails in some way until the test changes it. */
function failingLog(fail: () => unknown) {
  const lines: string[] = []
  const log = {
    lines,
    isBroken: true,
    failures: 0,
    log: (line: string) => {
      if (log.isBroken) {
        log.failures++
        return fail()
      }
      lines.push(line)
      return undefined
    },
  }
  return log
}

const FAILURES: Readonly<Record<string, () => unknown>> = {
  'that throws': () => {
    throw new Error('the disk is full')
  },
  'whose promise is rejected': async () => {
    throw new Error('the disk is full')
  },
}

test('with raised limits, every name is exposed', async () => {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  metrics.observe(manyNames(100, 30))
  const samples = parseExposition(await registry.metrics())
  const series = samples.filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
  assert.equal(series.length, 3_000)
  assert.ok(series.every(({ labels, value }) => labels.operation !== 'other' && value === 1))
})

test('with raised limits, every operation is in the log line', () => {
  const lines: string[] = []
  const logging = new KVConnectorLogging({ log: (line) => lines.push(line) })
  logging.observe(manyNames(100, 2))
  logging.observe(statsOf('one-more', 3))
  logging.log()
  const counts = lines[0].match(/[\w-]+_count=\d+/g)?.filter((text) => !text.includes('_error_'))
  assert.equal(counts?.length, 101)
  assert.ok(counts.includes('op99_count=2') && counts.includes('one-more_count=3'))
})

test('a percentile that is exact in the observed stats is exact in the log line', () => {
  const approximate: (readonly string[])[] = []
  const logging = new KVConnectorLogging({
    log: () => {},
    onApproximateP90: (operations) => approximate.push(operations),
  })
  logging.observe(statsOf('op', 70_000, { exactRowsMax: 100_000 }))
  logging.log()
  assert.deepEqual(approximate, [])
  logging.observe(statsOf('op', 70_000))
  logging.log()
  assert.deepEqual(approximate, [['op']])
})

test('console.log as log function prints only the line, also with approximate percentiles', (context) => {
  const printed: unknown[][] = []
  context.mock.method(console, 'log', (...values: unknown[]) => printed.push(values))
  const logging = new KVConnectorLogging({ log: console.log })
  for (const rows of [1, 70_000]) {
    logging.observe(statsOf('op', rows))
    logging.log()
  }
  assert.deepEqual(
    printed.map((values) => values.length),
    [1, 1],
  )
})

test('the line is logged although a callback about approximate percentiles throws', () => {
  const lines: string[] = []
  const logging = new KVConnectorLogging({
    log: (line) => lines.push(line),
    onApproximateP90: () => {
      throw new Error('no pager')
    },
  })
  logging.observe(statsOf('op', 70_000))
  logging.log()
  logging.log()
  assert.equal(lines.length, 1)
})

test('the limits of a logger apply to its line', () => {
  const lines: string[] = []
  const stats = { operationsMax: 1 }
  const logging = new KVConnectorLogging({ log: (line) => lines.push(line), stats })
  logging.observe(manyNames(3, 1))
  logging.log()
  assert.match(lines[0], /op0_count=1.*other_count=2/)
})

for (const [what, fail] of Object.entries(FAILURES)) {
  test(`a log function ${what} keeps the interval for the next line`, async () => {
    const log = failingLog(fail)
    const logging = new KVConnectorLogging({ log: log.log })
    logging.observe(statsOf('op', 2))
    for (let attempt = 0; attempt < 3; attempt++) {
      logging.log()
      await turn()
    }
    logging.observe(statsOf('op', 3))
    log.isBroken = false
    logging.log()
    logging.log()
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0], /op_count=5, /)
  })

  test(`an aggregator with a log function ${what} logs the interval at the next line`, async () => {
    const log = failingLog(fail)
    const recording = startRecording({ log: log.log, logIntervalMs: 5 })
    recording.recorder.record('op', 0.5, 1)
    recording.recorder.report()
    await waitUntil('a line that fails', () => log.failures > 0)
    recording.recorder.record('op', 0.5, 1)
    log.isBroken = false
    await recording.close()
    assert.deepEqual(
      log.lines.map((line) => /op_count=\d+/.exec(line)?.[0]),
      ['op_count=2'],
    )
  })
}

test('rows observed while a promise of the log function is pending are logged once', async () => {
  const lines: string[] = []
  const rejects: ((error: Error) => void)[] = []
  const logging = new KVConnectorLogging({
    log: (line) => {
      lines.push(line)
      return new Promise((_, reject) => rejects.push(reject))
    },
  })
  logging.observe(statsOf('op', 2))
  logging.log()
  logging.observe(statsOf('op', 3))
  rejects[0](new Error('the network is down'))
  await turn()
  logging.log()
  assert.deepEqual(
    lines.map((line) => /op_count=\d+/.exec(line)?.[0]),
    ['op_count=2', 'op_count=5'],
  )
})

test('an interval of a failed log call is not merged with one of other buckets', async () => {
  const log = failingLog(FAILURES['whose promise is rejected'] ?? (() => {}))
  const logging = new KVConnectorLogging({ log: log.log })
  logging.observe(statsOf('op', 2))
  logging.log()
  logging.observe(statsOf('op', 3, { bounds: [1] }))
  await turn()
  log.isBroken = false
  logging.log()
  assert.match(log.lines[0], /op_count=3, /)
})

test('an aggregator whose log function works logs each row once', async () => {
  const lines: string[] = []
  const aggregator = new EngineAggregator({ log: (line) => lines.push(line) })
  aggregator.ingest(statsOf('op', 2).toPayload(), { engine: 0 })
  await aggregator.close()
  assert.equal(lines.length, 1)
})
