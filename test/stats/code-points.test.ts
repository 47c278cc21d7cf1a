import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareCodePoints } from '../../src/stats/code-points.js'
import { characters } from '../support/arbitraries.js'

/** The order by definition: code point by code point, then by length. */
function byDefinition(left: string, right: string): number {
  const a = [...left].map((character) => character.codePointAt(0) ?? 0)
  const b = [...right].map((character) => character.codePointAt(0) ?? 0)
  const at = a.findIndex((point, index) => point !== b[index])
  if (at < 0) return Math.sign(a.length - b.length)
  return at >= b.length ? 1 : Math.sign(a[at] - b[at])
}

test('strings are ordered by code point, also where UTF-16 would order them otherwise', () => {
  const unit = fc.oneof(
    characters,
    fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}', '\u{1f600}'),
  )
  const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(''))
  fc.assert(
    fc.property(text, text, (left, right) => {
      assert.equal(Math.sign(compareCodePoints(left, right)), byDefinition(left, right))
    }),
    { seed: 4, numRuns: 5_000 },
  )
})

test('a grinning face sorts behind a full-width tilde, and a prefix before what it begins', () => {
  assert.deepEqual(['\u{1f600}', 'b', '\uff5e', '', 'a', 'aa'].sort(compareCodePoints), [
    '',
    'a',
    'aa',
    'b',
    '\uff5e',
    '\u{1f600}',
  ])
})
