import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EXTRA_METRIC_NAMES } from '../../src/catalogue.js'
import { EngineAggregator, type EngineLink } from '../../src/index.js'
import type { Journal } from '../../src/journal/journal.js'
import { COUNTER_UNIT, EXTRAS, HEADER, SERIES } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import type { Random } from '../../src/simulate/random.js'
import { journalOf } from '../support/assertions/journals.js'
import { integer, pick, randomBytes } from '../support/generators/draws.js'
import { forEachCase } from '../support/generators/for-each-case.js'

const MS_MAX = 50
const SERIES_MAX = 8
/** Cases between two scrapes. */
const CASES_PER_SCRAPE = 250
const FLOATS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -0,
  0.5,
  1,
  255,
  256,
  2_048,
  1e9,
  2 ** 31,
  2 ** 53,
  1e300,
  5e-324,
  -COUNTER_UNIT,
]
const WORDS = [-1, 0, 1, 2, SERIES_MAX, 255, 2 ** 31 - 1, -(2 ** 31)]
const FIELDS = [
  SERIES.rows,
  SERIES.rowsBegun,
  SERIES.numKeys,
  SERIES.numBytes,
  SERIES.numFailedKeys,
  SERIES.lock,
  SERIES.foldEnd,
  SERIES.foldedCounters,
  SERIES.sumHigh,
  SERIES.sumLow,
  SERIES.sumLimbs,
  SERIES.sumLimbs + 6,
  SERIES.names,
]

/** Records some rows of some series, of which some are folded. */
function recordRows(random: Random, link: EngineLink): void {
  const recorder = createRecorder(link)
  for (let series = integer(random, 1, 3); series > 0; series--) {
    const operation = recorder.operation(`op ${series}`)
    for (let row = integer(random, 1, 600); row > 0; row--) {
      operation.record(random.uniform() ** 8 * 100, 1, 10)
      if (random.below(50) === 0) operation.begin()
    }
  }
  if (random.below(2) === 0) recorder.report()
}

function corrupt(random: Random, { floats, words, layout }: Journal): void {
  const series = floats.subarray(layout.baseOf(random.below(4)))
  switch (random.below(7)) {
    case 0:
      series[pick(random, FIELDS)] = pick(random, FLOATS)
      break
    case 1:
      series[SERIES.rows] = series[SERIES.rowsBegun] = pick(random, FLOATS)
      break
    case 2:
      series[SERIES.bins + random.below(layout.bins.binCount)] += pick(random, FLOATS)
      break
    case 3:
      series[SERIES.recent + random.below(2_048)] = pick(random, FLOATS)
      break
    case 4:
      series[layout.extrasAt + random.below(EXTRAS.length)] = pick(random, FLOATS)
      break
    case 5:
      words[pick(random, Object.values(HEADER))] = pick(random, WORDS)
      break
    default: {
      const bytes = new Uint8Array(floats.buffer)
      for (let count = integer(random, 1, 2_000); count > 0; count--) {
        bytes[random.below(bytes.length)] = random.below(256)
      }
      const run = randomBytes(random, integer(random, 1, 64))
      bytes.set(run, random.below(bytes.length - run.length))
    }
  }
}

/** Every number of the snapshot of an engine. */
function* numbersOf(value: unknown): Generator<number> {
  if (typeof value === 'number') yield value
  else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) yield* numbersOf(member)
  }
}

test('a corrupt journal never causes a hang, an exception, a value that is not a number or a lower count', async (context) => {
  const aggregator = new EngineAggregator({
    seriesMax: SERIES_MAX,
    intervalMs: 60_000,
    extraMetrics: EXTRA_METRIC_NAMES,
  })
  context.after(() => aggregator.close())
  const other = createRecorder(aggregator.connect(1))
  other.record('op', 0.5, 1)
  let rejected = 0
  await forEachCase({ cases: 300, msMax: MS_MAX }, async (random, index) => {
    const link = aggregator.connect(0)
    recordRows(random, link)
    const journal = journalOf(link)
    let rows = 0
    for (let round = integer(random, 1, 3); round > 0; round--) {
      corrupt(random, journal)
      const snapshot = aggregator.snapshot()
      const [source, second] = snapshot.sources
      assert.ok(source !== undefined && source.health.rows >= rows)
      rows = source.health.rows
      for (const number of numbersOf(source.toJSON())) {
        // The last bin has no upper edge.
        assert.ok(number >= 0, `${number}`)
      }
      assert.equal(second?.health.rows, 1)
    }
    // As after the end of the thread, or while it runs.
    if (random.below(2) === 0) {
      const ended = once(link.port, 'close')
      link.port.close()
      await ended
      for (let turns = 0; turns < 2; turns++) await turn()
    }
    aggregator.disconnect(0)
    const after = aggregator.snapshot()
    assert.ok((after.sources[0]?.health.rows ?? 0) >= rows)
    rejected = after.rejections.journal
    if (index % CASES_PER_SCRAPE === 0) {
      assert.doesNotMatch(await aggregator.registry.metrics(), /NaN|Inf(?!")/)
    }
    aggregator.disconnect(0, { series: 'drop' })
  })
  context.diagnostic(`${rejected} reads were rejected`)
  other.close()
})
