import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import type { Random } from '../../src/simulate/random.js'
import { integer, pick, randomBytes } from '../support/generators/draws.js'
import { forEachCase } from '../support/generators/for-each-case.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const MS_MAX = 50
const DEPTH_MAX = 4
const KEYS = ['constructor', 'toString', 'valueOf', 'length', '__proto__', 'then', 'buffer', 'x']
const LEAVES = [
  null,
  undefined,
  0,
  -1,
  Number.NaN,
  10n,
  '',
  'text',
  true,
  new Date(Number.NaN),
  /x/g,
  new Error('x'),
  new SharedArrayBuffer(8),
  new ArrayBuffer(8),
  new Float64Array(2),
  new DataView(new ArrayBuffer(3)),
  new Uint8Array(new SharedArrayBuffer(4)),
]

/** Anything that can be posted to a port. */
function anything(random: Random, depth = 0): unknown {
  if (depth === DEPTH_MAX || random.below(3) === 0) return pick(random, LEAVES)
  const members = Array.from({ length: random.below(4) }, () => anything(random, depth + 1))
  switch (random.below(4)) {
    case 0:
      return members
    case 1:
      return new Set(members)
    case 2:
      return new Map(members.map((member) => [anything(random, depth + 1), member]))
    default:
      return Object.fromEntries(members.map((member) => [pick(random, KEYS), member]))
  }
}

/** A report of another engine, incarnation or sequence, or of fewer rows; or one with wrong bytes. */
function report(random: Random): Uint8Array {
  const bytes = reportBytes({
    engine: random.below(2),
    incarnation: integer(random, 1, 3),
    sequence: pick(random, [1, 2, 2 ** 31, Number.MAX_SAFE_INTEGER]),
    final: random.below(4) === 0,
    series: [seriesWithRows(random.below(5))],
  })
  if (random.below(2) === 0) return bytes
  bytes[random.below(bytes.length)] = random.below(256)
  return bytes.subarray(0, integer(random, 1, bytes.length))
}

test('no message on a port causes an exception, a value that is not a number or a change of another engine', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 60_000 })
  context.after(() => aggregator.close())
  const other = createRecorder(aggregator.connect(7))
  other.record('op', 0.5, 1)
  other.report()
  let rejected = 0
  await forEachCase({ cases: 300, msMax: MS_MAX }, async (random) => {
    const { port } = aggregator.connect(0)
    for (let message = integer(random, 1, 30); message > 0; message--) {
      const kind = random.below(3)
      const bytes = kind === 1 ? report(random) : randomBytes(random, random.below(40))
      port.postMessage(kind === 0 ? anything(random) : bytes)
      if (random.below(4) === 0) await turn()
    }
    if (random.below(4) === 0) port.close()
    for (let turns = 0; turns < 2; turns++) await turn()
    const text = await aggregator.registry.metrics()
    assert.doesNotMatch(text, /NaN|Inf(?!")/)
    assert.match(text, /^moonmeter_engine_records_total\{engine="7"\} 1$/m)
    assert.match(text, /^moonmeter_engine_up\{engine="7"\} 1$/m)
    const { rejections } = aggregator.snapshot()
    rejected = Object.values(rejections).reduce((sum, count) => sum + count, 0)
    aggregator.disconnect(0, { series: 'drop' })
    port.close()
  })
  context.diagnostic(`${rejected} messages were rejected`)
  other.close()
})
