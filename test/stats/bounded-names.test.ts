import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedNames } from '../../src/stats/bounded-names.js'

function newNames(max: number) {
  return new BoundedNames(max, (name) => ({ name }))
}

test('names within the limit have a value each, and names past it share that of other', () => {
  const names = newNames(2)
  const first = names.get('a')
  assert.equal(names.get('a'), first)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'a'].map((name) => names.get(name).name),
    ['a', 'b', 'other', 'other', 'a'],
  )
  assert.deepEqual([...names.entries.keys()], ['a', 'b', 'other'])
})

test('other always has a place, which counts towards the limit if it is an early name', () => {
  const names = newNames(1)
  assert.equal(names.get('other').name, 'other')
  assert.equal(names.get('a').name, 'other')
  names.clear()
  assert.equal(names.get('a').name, 'a')
  assert.equal(names.get('other').name, 'other')
})

test('names that are too long for a label are other, and halves of surrogate pairs are replaced', () => {
  const names = newNames(9)
  assert.equal(names.get('é'.repeat(128)).name, 'other')
  assert.equal(names.get('é'.repeat(127)).name, 'é'.repeat(127))
  assert.equal(names.get('x\ud800').name, 'x\ufffd')
  assert.equal(names.get('x\ufffd'), names.get('x\ud801'))
})

test('reserved names have a place past the limit, which counts towards it if they are early names', () => {
  const names = new BoundedNames(2, (name) => ({ name }), ['ok', 'error'])
  const answers = ['ok', 'a', 'b', 'error'].map((name) => names.get(name).name)
  assert.deepEqual(answers, ['ok', 'a', 'other', 'error'])
  names.clear()
  assert.deepEqual(
    ['x', 'y', 'z', 'ok', 'error', 'x'].map((name) => names.get(name).name),
    ['x', 'y', 'other', 'ok', 'error', 'x'],
  )
})
