import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable } from '../../src/live/printable.js'

test('characters that control a terminal or change the order of the text are escaped', () => {
  assert.equal(printable('\u001b[2J\u009b31m\u0007\u007f'), '\\u001b[2J\\u009b31m\\u0007\\u007f')
  assert.equal(printable('a\nb\tc\r\u2028'), 'a\\nb\\tc\\r\\u2028')
  assert.equal(printable('\u202eabc\u2066\ud800'), '\\u202eabc\\u2066\\ud800')
  assert.equal(printable('日本 👩‍👩‍👧‍👦 é µs'), '日本 👩‍👩‍👧‍👦 é µs')
})
