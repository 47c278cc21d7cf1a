import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineFinding, type Finding, findingsOf } from '../../src/live/findings.js'
import type { EngineState } from '../../src/live/live-message.js'
import type { EngineRow, LiveView } from '../../src/live/live-view.js'
import { describeNoFindings, describeRejections, FORMATS } from '../../src/page/attention.js'
import { type ConnectionInput, freshnessOf } from '../../src/page/connection-state.js'
import { liveView, operationRow } from '../support/generators/live-views.js'
import { type Column, compareNames, sortRows } from '../../src/page/tables/column.js'
import { COUNT } from '../../src/page/units.js'

const NOW = Date.UTC(2026, 0, 1)
const LIVE: ConnectionInput = {
  connection: { state: 'live' },
  failure: undefined,
  silentMs: 200,
  intervalMs: 1_000,
  nowMs: 50_000,
}
const LOST = { state: 'lost', reason: 'Failed to fetch', retryAtMs: 53_500 } as const

function row(
  source: string,
  state: Partial<EngineState>,
  outlier?: EngineRow['outlier'],
): EngineRow {
  const figures = { rows: 1, operationsPerSecond: 1, keysPerSecond: 1, bytesPerSecond: 1 }
  return {
    source,
    ...figures,
    ...{ failedKeysPerSecond: 0, failedKeyRatio: 0, p50: 0.1, p90: 0.2, p99: 0.412 },
    state: { source, up: true, incarnation: 1, lastReportMs: NOW, restarts: 0, rows: 1, ...state },
    ...{ p99Ratio: outlier?.ratio, outlier, end: undefined, recentRestarts: undefined, trend: [] },
  }
}

function findingOf(engine: EngineRow, timestampMs: number): Finding | undefined {
  return engineFinding(engine, timestampMs, FORMATS)
}

test('a marked engine has a reason in words', () => {
  const slow = row('3', {}, { ratio: 5.13, medianSeconds: 0.08, sinceMs: NOW })
  assert.match(
    findingOf(slow, NOW)?.reason ?? '',
    /^p99 412 ms, 5\.13 × the median of the other engines since \d\d:\d\d$/,
  )
  const down = row('1', { up: false, lastReportMs: NOW - 12_000 })
  assert.equal(findingOf(down, NOW)?.reason, 'down: its last report was 12 s ago')
  const silent = row('2', { up: false, lastReportMs: null })
  assert.equal(findingOf(silent, NOW)?.reason, 'down: it has not reported yet')
  assert.equal(findingOf(row('0', {}), NOW), undefined)
  assert.equal(findingOf({ ...row('0', { up: false, open: false }), end: 'ended' }, NOW), undefined)
})

test('engines that are down come first, then the slowest', () => {
  const engines = [
    row('a', {}, { ratio: 4, medianSeconds: 0.1, sinceMs: NOW }),
    row('b', {}),
    row('c', {}, { ratio: 9, medianSeconds: 0.1, sinceMs: NOW }),
    row('d', { up: false }),
  ]
  const view = liveView({ engines, operations: [], timestampMs: NOW })
  assert.deepEqual(
    findingsOf(view, FORMATS).map(({ subject }) => subject?.name),
    ['d', 'c', 'a'],
  )
})

test('an operation that fails and rejected payloads are findings, in words', () => {
  const failure = { failedKeyRatio: 0.6759, sinceMs: NOW }
  const operations = [
    { ...operationRow('load_get', 10, 0.1) },
    { ...operationRow('save_put', 10, 0.1), failure },
  ]
  const recentRejections = new Map([
    ['version', { count: 1, sinceMs: NOW }],
    ['local', { count: 2, sinceMs: NOW - 60_000 }],
  ])
  const view = liveView({ engines: [row('0', {})], operations, recentRejections })
  const [failing, rejected, ...more] = findingsOf(view, FORMATS)
  assert.deepEqual(more, [])
  assert.deepEqual(failing?.subject, { kind: 'operation', name: 'save_put' })
  assert.match(failing.reason, /^failed for 67\.6 % of its keys since \d\d:\d\d$/)
  assert.equal(rejected?.subject, undefined)
  const earlier = FORMATS.minute(NOW - 60_000)
  assert.equal(rejected?.reason, `rejected 3 times since ${earlier}: version 1 time, local 2 times`)
})

test('an engine that restarts repeatedly has one finding, whether it is up or down', () => {
  const recentRestarts = { count: 7, sinceMs: NOW - 60_000 }
  const reason = `restarted 7 times since ${FORMATS.minute(NOW - 60_000)}`
  for (const up of [true, false]) {
    for (const lastReportMs of [null, NOW, NOW - 39_000]) {
      const found = findingOf({ ...row('3', { up, lastReportMs }), recentRestarts }, NOW)
      assert.deepEqual([found?.kind, found?.reason], ['restarting', reason])
    }
  }
  const silent = { ...row('3', { up: false, lastReportMs: NOW - 50_000 }), recentRestarts }
  assert.equal(findingOf(silent, NOW)?.reason, `down: its last report was 50 s ago, ${reason}`)
  const few = { count: 2, sinceMs: NOW }
  assert.equal(findingOf({ ...row('3', {}), recentRestarts: few }, NOW), undefined)
})

test('without findings the page states what is fine, and only that', () => {
  const ended = { ...row('9', { up: false, open: false }), end: 'ended' as const }
  const one = { ...row('0', {}), p99Ratio: undefined }
  const slower = row('1', {}, { ratio: 1, medianSeconds: 0.1, sinceMs: NOW })
  const said = (change: Partial<LiveView>) => describeNoFindings(liveView(change))
  assert.equal(
    said({ engines: [one, slower] }),
    'All engines are up, none is slow, and no operation fails.',
  )
  assert.equal(said({ engines: [one] }), 'All engines are up, and no operation fails.')
  assert.equal(said({ engines: [one], operations: [] }), 'All engines are up.')
  assert.equal(
    said({ engines: [one, ended], filter: { window: '5m', source: '0' } }),
    'All engines that have not ended are up, and no operation of engine 0 fails.',
  )
  assert.equal(said({ engines: [ended] }), 'All engines have ended.')
})

test('rejections are counted by reason', () => {
  assert.equal(describeRejections({}), undefined)
  assert.equal(
    describeRejections({ version: 1, local: 2 }),
    '3 payloads rejected so far: version 1 time, local 2 times',
  )
})

test('data is live until several updates are missing', () => {
  assert.equal(freshnessOf(LIVE).kind, 'live')
  assert.equal(freshnessOf({ ...LIVE, silentMs: 6_999 }).kind, 'live')
  assert.equal(freshnessOf({ ...LIVE, silentMs: 6_999, intervalMs: 100 }).kind, 'live')
  const stale = freshnessOf({ ...LIVE, silentMs: 8_100 })
  assert.deepEqual(stale, {
    kind: 'stale',
    message: 'The figures are stale.',
    detail: 'No data for 8 s.',
  })
  assert.equal(freshnessOf({ ...LIVE, silentMs: 8_100, intervalMs: 5_000 }).kind, 'live')
  assert.equal(freshnessOf({ ...LIVE, silentMs: undefined }).kind, 'connecting')
})

test('a failure has the same message during the next attempt', () => {
  const waiting = freshnessOf({ ...LIVE, connection: LOST, failure: LOST, silentMs: 5_000 })
  assert.deepEqual(waiting, {
    kind: 'disconnected',
    message: 'Connection lost.',
    detail: 'No data for 5 s, reconnecting in 4 s: the server does not answer.',
  })
  const connection = { state: 'connecting' } as const
  const trying = freshnessOf({ ...LIVE, connection, failure: LOST, silentMs: 5_000 })
  assert.equal(trying.message, waiting.message)
  assert.equal(trying.detail, 'No data for 5 s, reconnecting: the server does not answer.')
  const refused = { ...LOST, state: 'refused', reason: 'expected version 1' } as const
  const other = freshnessOf({ ...LIVE, connection: refused, failure: refused })
  assert.equal(other.message, 'This server is not moonmeter.')
  assert.match(other.detail ?? '', /: expected version 1\.$/)
  const locked = { state: 'unauthorized', challenge: 'Bearer' } as const
  assert.deepEqual(freshnessOf({ ...LIVE, connection: locked, failure: LOST }), {
    kind: 'no access',
  })
})

interface Item {
  readonly name: string
  readonly value: number | undefined
  readonly rank: number
}

const COLUMNS: readonly Column<Item>[] = [
  { kind: 'name', key: 'name', title: 'name' },
  { kind: 'number', key: 'value', title: 'value', scale: COUNT, value: ({ value }) => value },
]

test('rows are sorted by a column, equal ones by name, and those without a number are last', () => {
  const items: readonly Item[] = [
    { name: '10', value: 5, rank: 1 },
    { name: '9', value: undefined, rank: 0 },
    { name: '2', value: 7, rank: 1 },
    { name: '0', value: 1, rank: 2 },
    { name: '1', value: 5, rank: 1 },
  ]
  const rowNames = { nameOf: ({ name }: Item) => name, rankOf: ({ rank }: Item) => rank }
  const order = (column?: string, isDescending = false) =>
    sortRows(items, COLUMNS, column === undefined ? undefined : { column, isDescending }, rowNames)
      .map(({ name }) => name)
      .join()
  assert.equal(order(), '9,1,2,10,0', 'the lowest rank first')
  assert.equal(order('name'), '0,1,2,9,10')
  assert.equal(order('name', true), '10,9,2,1,0')
  assert.equal(order('value'), '0,1,10,2,9')
  assert.equal(order('value', true), '2,1,10,0,9')
})

test('names of engines are sorted by number', () => {
  const names = ['host-b/1', 'host-a/10', 'host-a/9', '10', '9']
  assert.deepEqual(names.sort(compareNames), ['9', '10', 'host-a/9', 'host-a/10', 'host-b/1'])
})
