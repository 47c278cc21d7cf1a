import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, cutTo, fitTo } from '../../../src/cli/screen/text.js'

test('texts are cut and filled by the columns that they take, between whole characters', () => {
  assert.equal(columnsOf('日本'), 4)
  assert.equal(cutTo('日本語', 5), '日本…')
  assert.equal(cutTo('日本語', 4), '日…')
  assert.equal(cutTo('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3), '👩‍👩‍👧‍👦…')
  assert.equal(cutTo('abc', 3), 'abc')
  assert.equal(cutTo('abc', 0), '')
  assert.equal(fitTo('日', 5), '日   ')
  assert.equal(fitTo('日', 5, 'right'), '   日')
})
