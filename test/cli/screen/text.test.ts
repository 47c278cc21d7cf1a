import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, cutTo, fitTo, printable } from '../../../src/cli/screen/text.js'

test('characters that control a terminal or change the order of others are escaped', () => {
  assert.equal(printable('\u001b[2J\u009b31m\u0007\u007f'), '\\u001b[2J\\u009b31m\\u0007\\u007f')
  assert.equal(printable('a\nb\tc\r\u2028'), 'a\\nb\\tc\\r\\u2028')
  assert.equal(printable('\u202eabc\u2066\ud800'), '\\u202eabc\\u2066\\ud800')
  assert.equal(printable('日本 👩‍👩‍👧‍👦 é µs'), '日本 👩‍👩‍👧‍👦 é µs')
})

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
