import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINES = 800
const OPERATIONS = ['a', 'b', 'c', 'd']
const STATUSES = ['ok', 'error', 'partial_failure']
const ROWS = 7
/** Rows of all operations and statuses of an engine. */
const ENGINE_ROWS = ROWS * OPERATIONS.length * STATUSES.length

const SERIES = OPERATIONS.flatMap((operation) =>
  STATUSES.map((status) => seriesWithRows(ROWS, operation, status)),
)

/** An aggregator whose engines have reported, and the lines that it logs. */
function newAggregator(context: TestContext) {
  mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const aggregator = new EngineAggregator({ log: (line) => lines.push(line) })
  context.after(() => {
    mock.timers.reset()
    return aggregator.close()
  })
  for (let engine = 0; engine < ENGINES; engine++) {
    aggregator.ingest(reportBytes({ engine, series: SERIES }))
  }
  return { aggregator, lines }
}

/** The rows in the lines. */
function rowsOf(lines: readonly string[]): number {
  const counts = lines.join(', ').matchAll(/(?<!error)_count=(\d+)/g)
  return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)
}

test('adding up the interval of many engines yields to the event loop', async (context) => {
  const { lines } = newAggregator(context)
  mock.timers.tick(10_000)
  let turns = 0
  const countTurn = () => {
    turns++
    if (lines.length === 0) setImmediate(countTurn)
  }
  countTurn()
  await waitUntil('the line', () => lines.length === 1)
  assert.ok(turns > 3, `${turns} turns`)
  assert.equal(rowsOf(lines), ENGINES * ENGINE_ROWS)
})

test('rows that are dropped, ingested or finished while a line is built are in exactly one line', async (context) => {
  const { aggregator, lines } = newAggregator(context)
  mock.timers.tick(10_000)
  assert.equal(lines.length, 0)
  await turn()
  aggregator.ingest(reportBytes({ engine: ENGINES, series: [seriesWithRows(100)] }))
  aggregator.disconnect(ENGINES, { series: 'drop' })
  const more = (sequence: number, rows: number) =>
    reportBytes({ engine: 0, sequence, series: [...SERIES, seriesWithRows(rows)] })
  assert.ok(aggregator.ingest(more(2, 3)).accepted)
  // A line that is due meanwhile waits for the next interval.
  mock.timers.tick(10_000)
  await waitUntil('the first line', () => lines.length === 1)
  assert.ok(aggregator.ingest(more(3, 8)).accepted)
  mock.timers.tick(10_000)
  await waitUntil('the second line', () => lines.length === 2)
  assert.equal(rowsOf(lines), ENGINES * ENGINE_ROWS + 100 + 8)
})

test('close logs the rows that arrived while a line was built, after that line', async (context) => {
  const { aggregator, lines } = newAggregator(context)
  mock.timers.tick(10_000)
  await turn()
  aggregator.ingest(reportBytes({ engine: ENGINES, series: [seriesWithRows(100)] }))
  assert.equal(lines.length, 0)
  await aggregator.close()
  assert.equal(lines.length, 2)
  assert.equal(rowsOf(lines), ENGINES * ENGINE_ROWS + 100)
  assert.equal(rowsOf(lines.slice(1)), 100)
})

test('a log function may close the aggregator', async () => {
  mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const aggregator = new EngineAggregator({
    log: (line) => {
      lines.push(line)
      return aggregator.close()
    },
  })
  aggregator.ingest(reportBytes())
  mock.timers.tick(10_000)
  mock.timers.reset()
  await aggregator.close()
  assert.equal(rowsOf(lines), 1)
})
