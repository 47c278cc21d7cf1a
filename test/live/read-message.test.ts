import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeInterval } from '../../src/live/encode-interval.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import type { LiveHello, LiveState } from '../../src/live/live-message.js'
import { ViewBuilder } from '../../src/live/live-view.js'
import { mergeIntervals } from '../../src/live/merge-intervals.js'
import { readEvent, StreamError } from '../../src/live/read-message.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { intervalOf } from '../support/generators/live-intervals.js'

const HELLO: LiveHello = {
  service: 'moonmeter',
  version: 1,
  modelName: 'm',
  bounds: DEFAULT_LAYOUT.bounds,
  intervalMs: 1_000,
  isResumed: false,
}
const INTERVAL = encodeInterval(
  intervalOf(1_000, 2_000, [{ seconds: 0.5, source: 'a/1', operation: '__proto__' }]),
)
const ENGINE = {
  source: 'a/1',
  up: true,
  incarnation: 1,
  lastReportMs: 1_900,
  restarts: 0,
  rows: 1,
}
const STATE: LiveState = { timestampMs: 2_000, engines: [ENGINE], rejections: { truncated: 1 } }
const DEEP = '['.repeat(50_000) + ']'.repeat(50_000)

function read(event: string, message: unknown) {
  return readEvent(event, JSON.stringify(message))
}

function refuses(event: string, data: string): void {
  assert.throws(
    () => readEvent(event, data),
    (error) => error instanceof StreamError && !error.message.includes('\n'),
    data.slice(0, 100),
  )
}

test('restarts, rejections and ended engines are read, and are absent for older servers', () => {
  const interval: LiveInterval = {
    ...intervalOf(1_000, 2_000, []),
    restarts: new Map([['a/1', 2]]),
    rejections: new Map([['__proto__', 1]]),
  }
  const sent = { interval: encodeInterval(interval) }
  assert.deepEqual(read('history', sent), { kind: 'history', interval })
  assert.ok(!('restarts' in INTERVAL) && !('rejections' in INTERVAL))
  const ended = { ...ENGINE, up: false, open: false as const }
  const state = { ...STATE, engines: [ended, ENGINE] }
  assert.deepEqual(read('update', { state }), { kind: 'update', interval: undefined, state })
  for (const restarts of [{ a: -1 }, { a: '1' }]) {
    refuses('history', JSON.stringify({ interval: { ...INTERVAL, restarts } }))
  }
  refuses('update', JSON.stringify({ state: { ...STATE, engines: [{ ...ENGINE, open: 0 }] } }))
})

test('decoding an encoded message returns the original', () => {
  assert.deepEqual(read('hello', { ...HELLO, later: 1 }), { kind: 'hello', hello: HELLO })
  const interval = intervalOf(1_000, 2_000, [{ seconds: 0.5, source: 'a/1', operation: 'x' }])
  const sent = { interval: encodeInterval(interval) }
  assert.deepEqual(read('history', sent), { kind: 'history', interval })
  assert.deepEqual(read('update', { ...sent, state: STATE }), {
    kind: 'update',
    interval,
    state: STATE,
  })
  assert.deepEqual(read('update', { state: STATE }), {
    kind: 'update',
    interval: undefined,
    state: STATE,
  })
})

test('events with unknown names are ignored', () => {
  for (const data of ['{}', 'ping', '', '[1]']) {
    assert.deepEqual(readEvent('later', data), { kind: 'unknown' })
    assert.deepEqual(readEvent(undefined, data), { kind: 'unknown' })
  }
})

test('a stream of another program or version is rejected with the remedy', () => {
  assert.throws(() => read('hello', { ...HELLO, service: 'other' }), /another program/)
  assert.throws(
    () => read('hello', { ...HELLO, version: 2 }),
    /version 1 of the stream, got 2; use/,
  )
  assert.throws(() => read('hello', {}), StreamError)
})

test('malformed events are refused by StreamError only', () => {
  for (const event of ['hello', 'history', 'update']) {
    for (const data of ['', '{', 'null', '1', '"a"', '[]', '{}', DEEP, `{"interval":${DEEP}}`]) {
      refuses(event, data)
    }
  }
  const hello = JSON.stringify(HELLO)
  const parts: readonly (readonly [field: string, values: readonly string[]])[] = [
    ['version', ['null', '"1"', '{"toString":1,"valueOf":1}', DEEP]],
    ['modelName', ['null', '1']],
    ['intervalMs', ['null', '-1', '1e999', '1e12', '"1"']],
    ['isResumed', ['null', '1']],
    ['bounds', ['null', '{}', '["1"]', '[2,1]', '[1e999,1]', '[null]', DEEP]],
  ]
  for (const [field, values] of parts) {
    for (const value of values) refuses('hello', replaced(hello, field, value))
  }
  const update = JSON.stringify({ interval: INTERVAL, state: STATE })
  const fields: readonly (readonly [field: string, values: readonly string[]])[] = [
    ['interval', ['null', '1', '[]']],
    ['fromMs', ['null', '-1', '2000', '1e999', '"1"']],
    ['toMs', ['null', '1000', '1e999', '8.65e15']],
    ['sources', ['null', '[1]', '"a"', DEEP]],
    ['names', ['null', '[1]', '[["a"]]', '[["a",1]]', '{"length":1}']],
    ['series', ['null', '1', '"?"', '[]']],
    ['state', ['null', '1', '[]']],
    ['timestampMs', ['null', '1e999', '8.65e15', '-1']],
    ['engines', ['null', '{}', '[null]', '[{}]']],
    ['rejections', ['{"truncated":"1"}', `{"truncated":${DEEP}}`, '{"truncated":1e999}']],
    ['source', ['null', '1']],
    ['up', ['null', '1']],
    ['incarnation', ['null', '"1"', '-1']],
    ['lastReportMs', ['"1"', '8.65e15', '1e999']],
    ['restarts', ['null']],
    ['rows', ['null', '{}']],
  ]
  for (const [field, values] of fields) {
    for (const value of values) refuses('update', replaced(update, field, value))
  }
})

test('any JSON is read or refused by StreamError', () => {
  const events = fc.constantFrom('hello', 'history', 'update')
  const fragments = fc.constantFrom<unknown>(HELLO, INTERVAL, STATE, ENGINE, null, [], 'x', 1e308)
  const keys = fc.constantFrom(
    ...['interval', 'state', 'series', 'names', 'sources', 'engines', 'rejections', 'fromMs'],
    ...['toMs', 'bounds', 'version', '__proto__', 'constructor', 'toString', 'timestampMs'],
  )
  const change = fc.tuple(keys, fc.oneof(fragments, fc.jsonValue()))
  const base = fc.constantFrom({ ...HELLO }, { interval: INTERVAL, state: STATE }, { ...STATE })
  let accepted = 0
  fc.assert(
    fc.property(events, base, fc.array(change, { maxLength: 3 }), (event, message, changes) => {
      const changed = { ...message, ...Object.fromEntries(changes) }
      try {
        read(event, changed)
        accepted++
      } catch (error) {
        assert.ok(error instanceof StreamError, String(error))
      }
    }),
    { seed: 75, numRuns: 3_000 },
  )
  assert.ok(accepted > 100)
})

test('names such as __proto__ are names, and change no object', () => {
  const rejections = JSON.parse('{"__proto__":3,"constructor":1}')
  const name = ['__proto__', '__proto__']
  const interval = { ...INTERVAL, sources: ['__proto__'], names: [name] }
  const event = read('update', { interval, state: { ...STATE, rejections } })
  assert.ok(event.kind === 'update' && event.interval !== undefined)
  assert.deepEqual(Object.keys(event.state.rejections), ['__proto__', 'constructor'])
  const view = new ViewBuilder(DEFAULT_LAYOUT.bounds, { window: '1m' }).build(
    [event.interval],
    event.state,
  )
  assert.deepEqual(
    view.operations.map(({ operation, rows }) => [operation, rows]),
    [['__proto__', 1]],
  )
  assert.ok(view.engines.some(({ source, rows }) => source === '__proto__' && rows === 1))
  assert.equal(({} as { rows?: number }).rows, undefined)
})

test('any bytes of series can be read and merged, in finite time and without NaN', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0x80, 0xff), fc.nat({ max: 255 })), {
    maxLength: 60,
  })
  const good = [...intervalOf(0, 1, [{ seconds: 1 }]).series]
  const someGood = bytes.map((rest) => [...good, ...rest])
  const cutGood = fc.tuple(bytes, fc.nat({ max: good.length })).map(([rest, at]) => {
    return [...good.slice(0, at), ...rest]
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, someGood, cutGood), { maxLength: 3 }), (all) => {
      const intervals = all.map((drawn, index) => {
        const series = Buffer.from(drawn).toString('base64')
        const interval = { ...INTERVAL, fromMs: 1_000 + index, toMs: 1_001 + index, series }
        const event = read('history', { interval })
        assert.ok(event.kind === 'history')
        return event.interval
      })
      const first = intervals[0]
      const builder = new ViewBuilder(DEFAULT_LAYOUT.bounds, { window: '1m' })
      for (const shown of [intervals, []]) {
        const view = builder.build(shown, STATE)
        for (const { rows, p50, bytesPerSecond } of [view.headline, ...view.operations]) {
          assert.ok(rows >= 0 && !Number.isNaN(bytesPerSecond) && !Number.isNaN(p50 ?? 0))
        }
      }
      if (first !== undefined) mergeIntervals(DEFAULT_LAYOUT, intervals)
    }),
    { seed: 76, numRuns: 2_000 },
  )
})

test('a number of rows that is too long ends the series, so that no sum is NaN', () => {
  const tooLong = new Array<number>(10).fill(0x80)
  const series = Buffer.from([0, 0, ...tooLong, 1, 1, 1, 0]).toString('base64')
  const event = read('history', { interval: { ...INTERVAL, series } })
  assert.ok(event.kind === 'history')
  const view = new ViewBuilder(DEFAULT_LAYOUT.bounds, { window: '1m' }).build(
    [event.interval],
    STATE,
  )
  assert.deepEqual([view.headline.rows, view.operations], [0, []])
})

/** The text of a JSON object with the value of a field replaced by another text. */
function replaced(json: string, field: string, value: string): string {
  const mark = 'REPLACED'
  const text = JSON.stringify(JSON.parse(json), (key, known) => (key === field ? mark : known))
  assert.ok(text.includes(`"${mark}"`), field)
  return text.replace(`"${mark}"`, value)
}
