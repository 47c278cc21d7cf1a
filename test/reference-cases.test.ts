import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import {
  EngineAggregator,
  KVConnectorLogging,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
} from '../src/index.js'
import { createRecorder } from '../src/recorder/index.js'
import { createRegistry } from '../src/registry/create-registry.js'
import {
  assertBigInteger,
  assertNumber,
  assertSamples,
} from './support/assertions/assert-samples.js'
import { type ReferenceCase, referenceCases } from './support/generators/reference-cases.js'

const cases = referenceCases()

test('there are cases of the reference to compare with', () => {
  assert.ok(cases.length >= 29)
})

for (const reference of cases) {
  test(`${reference.name}: rows recorded into stats one by one`, async () => {
    const perEngine = new Map<number, MooncakeStoreConnectorStats>()
    for (const { engine, data } of reference.frames) {
      const stats = perEngine.get(engine) ?? new MooncakeStoreConnectorStats()
      perEngine.set(engine, stats)
      for (const [operation, rows] of Object.entries(data)) {
        for (const row of rows) {
          stats.recordOperation(operation, row.duration_seconds, row.num_keys, {
            numBytes: row.num_bytes,
            status: row.status,
            numFailedKeys: row.num_failed_keys,
          })
        }
      }
    }
    await assertMatchesReference(reference, perEngine)
  })

  for (const field of ['msgpack_hex', 'multi_msgpack_hex'] as const) {
    test(`${reference.name}: stats decoded from ${field}`, async () => {
      const perEngine = new Map<number, MooncakeStoreConnectorStats>()
      for (const frame of reference.frames) {
        const stats = MooncakeStoreConnectorStats.fromPayload(Buffer.from(frame[field], 'hex'))
        const known = perEngine.get(frame.engine)
        if (known === undefined) perEngine.set(frame.engine, stats)
        else known.aggregate(stats)
      }
      await assertMatchesReference(reference, perEngine)
    })

    test(`${reference.name}: ${field} ingested by an aggregator`, async () => {
      const lines: string[] = []
      const aggregator = newAggregator(reference, lines)
      for (const frame of reference.frames) {
        const bytes = Buffer.from(frame[field], 'hex')
        assert.deepEqual(aggregator.ingest(bytes, { engine: frame.engine }), { accepted: true })
      }
      await assertAggregatorMatches(reference, aggregator, lines)
    })
  }

  test(`${reference.name}: rows recorded by engines of an aggregator`, async () => {
    const lines: string[] = []
    const aggregator = newAggregator(reference, lines)
    for (const engine of reference.engines) {
      const link = aggregator.connect(engine)
      const recorder = createRecorder(link)
      for (const { data } of reference.frames.filter((frame) => frame.engine === engine)) {
        for (const [operation, rows] of Object.entries(data)) {
          const handle = recorder.operation(operation)
          for (const row of rows) {
            const { duration_seconds: seconds, num_keys: keys, num_bytes: bytes } = row
            handle.record(seconds, keys, bytes, row.status, row.num_failed_keys)
          }
        }
      }
      const closed = once(link.port, 'close')
      recorder.close()
      await closed
    }
    await tick()
    await assertAggregatorMatches(reference, aggregator, lines)
  })
}

function newAggregator(reference: ReferenceCase, lines: string[]): EngineAggregator {
  return new EngineAggregator({
    modelName: reference.model_name,
    log: (line) => lines.push(line),
    // An additional line that the reference lacks.
    onApproximateP90: (operations) => lines.push(`approximate: ${operations}`),
  })
}

async function assertAggregatorMatches(
  reference: ReferenceCase,
  aggregator: EngineAggregator,
  lines: string[],
): Promise<void> {
  assertFigures(aggregator.stats().reduce(), reference.reduce)
  for (const [engine, figures] of Object.entries(reference.reduce_per_engine)) {
    assertFigures(aggregator.stats(Number(engine)).reduce(), figures)
  }
  await aggregator.close()
  assertLogLines(lines, reference)
  assertSamples(await aggregator.registry.metrics(), reference)
}

async function assertMatchesReference(
  reference: ReferenceCase,
  perEngine: ReadonlyMap<number, MooncakeStoreConnectorStats>,
): Promise<void> {
  const total = new MooncakeStoreConnectorStats()
  const lines: string[] = []
  const logging = new KVConnectorLogging({ log: (line) => lines.push(line) })
  const registry = createRegistry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: reference.model_name })
  for (const [engine, stats] of perEngine) {
    assertFigures(stats.reduce(), reference.reduce_per_engine[engine] ?? {})
    total.aggregate(stats)
    logging.observe(stats)
    metrics.observe(stats, engine)
  }
  assertFigures(total.reduce(), reference.reduce)
  logging.log()
  assertLogLines(lines, reference)
  assertSamples(await registry.metrics(), reference)
}

function assertFigures(
  actual: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected))
  for (const [name, value] of Object.entries(expected)) assertNumber(actual[name], value, name)
}

function assertLogLines(lines: readonly string[], { log_line }: ReferenceCase): void {
  assert.equal(lines.length, log_line === null ? 0 : 1)
  const [line = ''] = lines
  if (log_line === null || line === log_line) return
  // Only integers past 2^53 may differ in their last digits.
  const split = (text: string) => text.split(/(?<==)(\d+)(?=, |$)/)
  const expected = split(log_line)
  const actual = split(line)
  assert.equal(actual.length, expected.length)
  for (const [index, part] of expected.entries()) {
    const got = actual[index] ?? ''
    if (got !== part) assertBigInteger(Number(got), Number(part), line)
  }
}
