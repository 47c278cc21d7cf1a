import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionOf } from '../../../src/cli/screen/condition.js'
import type { LiveData } from '../../../src/cli/screen/live-data.js'
import type { Connection } from '../../../src/live/live-client.js'

const NOW_MS = 100_000
const HELLO = { modelName: 'm', bounds: [1], intervalMs: 1_000 }

/** The condition at a time after the last update; undefined before the first. */
function condition(connection: Connection, ageMs: number | undefined, isPaused = false) {
  const data: LiveData = {
    ...{ connection, hello: HELLO, state: undefined, history: { intervals: [] } },
    lastUpdateAtMs: ageMs === undefined ? undefined : NOW_MS - ageMs,
  }
  const { word, kind, message } = conditionOf(data, isPaused, NOW_MS)
  return [word, kind, message]
}

test('figures are live until three updates are late', () => {
  const live = { state: 'live' } as const
  assert.deepEqual(condition(live, 3_000), ['● live', 'live', undefined])
  assert.deepEqual(condition(live, 3_001), ['no data for 3 s', 'stale', undefined])
  assert.deepEqual(condition(live, 3_001, true), ['‖ paused', 'paused', undefined])
})

test('the text of a lost connection has the duration, the reason and the time of the next attempt', () => {
  const lost = { state: 'lost', reason: 'ECONNRESET', retryAtMs: NOW_MS + 1_500 } as const
  const message = 'ECONNRESET; next attempt in 2 s'
  assert.deepEqual(condition(lost, 8_400), ['no data for 8 s, reconnecting', 'stale', message])
  assert.deepEqual(condition(lost, undefined), ['no connection', 'waiting', message])
  assert.deepEqual(condition({ state: 'connecting' }, 9_000), [
    ...['no data for 9 s, reconnecting', 'stale', undefined],
  ])
  assert.deepEqual(condition({ state: 'connecting' }, undefined), [
    ...['connecting', 'waiting', undefined],
  ])
})

test('a server that is replaced by another program is reported', () => {
  const refused = { state: 'refused', reason: 'status 404', retryAtMs: NOW_MS } as const
  const message = 'status 404; next attempt in 0 s'
  assert.deepEqual(condition(refused, 5_000), ['no data for 5 s', 'stale', message])
  const [word, , remedy] = condition({ state: 'unauthorized', challenge: 'Bearer' }, 5_000)
  assert.equal(word, 'no data for 5 s')
  assert.match(remedy ?? '', /another token: quit, and start with --token-file/)
})
