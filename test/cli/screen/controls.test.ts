import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTROLS, type Controls, type Key, press } from '../../../src/cli/screen/controls.js'
import { SORT_NAMES, sortEngines } from '../../../src/cli/screen/sort-engines.js'
import { engineRow, liveView, outlierRow, VIEW_MS } from '../../support/generators/live-views.js'

const VIEW = liveView()

/** The choices after these keys: characters, or names of keys. */
function after(keys: readonly string[], controls = CONTROLS): Controls {
  for (const key of keys) {
    const next = press(controls, keyOf(key), VIEW)
    assert.notEqual(next, 'quit')
    controls = next as Controls
  }
  return controls
}

function keyOf(key: string): Key {
  return key.length === 1 ? { name: key.toLowerCase(), sequence: key } : { name: key }
}

test('w, o, e and s step through the choices, and the capitals step back', () => {
  assert.equal(after(['w']).filter.window, '15m')
  assert.equal(after(['w', 'w']).filter.window, '1m')
  assert.deepEqual(
    [1, 2, 3].map((times) => after(new Array(times).fill('o')).filter.operation),
    ['load_get', 'save_put', undefined],
  )
  assert.equal(after(['O']).filter.operation, 'save_put')
  assert.equal(after(['e', 'e']).filter.source, '1')
  assert.equal(after(['E']).filter.source, '3')
  assert.equal(after(['s']).filter.status, 'error')
  assert.equal(after(['S']).filter.status, 'ok')
  assert.deepEqual(after(['w', 'o', 'e', 's', 'a']).filter, {
    ...{ window: '15m', operation: undefined, source: undefined, status: undefined },
  })
  assert.deepEqual(after(['o', 'escape']).filter, after(['o', 'a']).filter)
})

test('a filter without matches stays until a key changes it', () => {
  const filter = { window: '5m', operation: 'bogus' } as const
  assert.equal(after(['r'], { ...CONTROLS, filter }).filter.operation, 'bogus')
  assert.equal(after(['o'], { ...CONTROLS, filter }).filter.operation, undefined)
})

test('the cursor moves over engines in the sorted order, and enter shows only one', () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((times) => after(new Array(times).fill('down')).selected),
    ['2', '0', '1', '3'],
  )
  assert.equal(after(['down', 'down', 'up', 'up']).selected, '2')
  const alone = after(['down', 'return'])
  assert.equal(alone.filter.source, '2')
  assert.equal(after(['return'], alone).filter.source, undefined)
  assert.deepEqual(after(['return']).filter.source, undefined)
})

test('q and Ctrl-C quit, space pauses, and keys without a meaning change nothing', () => {
  assert.equal(press(CONTROLS, keyOf('q'), VIEW), 'quit')
  assert.equal(press(CONTROLS, { name: 'c', sequence: '\u0003', ctrl: true }, VIEW), 'quit')
  assert.equal(after([' ']).isPaused, true)
  assert.equal(after([' ', ' ']).isPaused, false)
  assert.equal(after(['?']).isHelp, true)
  assert.equal(after(['x', 'f5', 'tab']), CONTROLS)
  assert.equal(press(CONTROLS, { name: 'w', sequence: '\u0017', ctrl: true }, VIEW), CONTROLS)
  assert.equal(press(CONTROLS, keyOf('o'), undefined) === 'quit', false)
})

test('each column sorts from the largest value, and engines that need attention stay first', () => {
  const down = engineRow('4', 900, 0.2)
  assert.ok(down.state)
  const engines = [
    engineRow('0', 10, 0.3),
    engineRow('1', 30, 0.1),
    engineRow('2', 20, 0.2),
    outlierRow('3', 1, 0.5),
    { ...down, state: { ...down.state, up: false } },
    { ...engineRow('5', 0, 0), p99: undefined },
  ]
  const order = (sort: Controls['sort'], isReversed = false) =>
    sortEngines({ engines, timestampMs: VIEW_MS }, { sort, isReversed })
      .map(({ source }) => source)
      .join('')
  assert.equal(order('engine'), '430125')
  assert.equal(order('engine', true), '435210')
  assert.equal(order('rate'), '431205')
  assert.equal(order('p99'), '430215')
  assert.equal(order('p99', true), '435120')
  for (const sort of SORT_NAMES) assert.match(order(sort), /^43/)
})

test('← and → go through the columns, each from its own order', () => {
  assert.equal(after(['right']).sort, 'rate')
  assert.equal(after(['left']).sort, 'restarts')
  const turned = after(['right', 'r'])
  assert.equal(turned.isReversed, true)
  assert.equal(after(['right'], turned).isReversed, false)
})
