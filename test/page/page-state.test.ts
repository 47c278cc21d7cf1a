import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  DEFAULT_STATE,
  isSameFilter,
  nextSort,
  type PageState,
  readAddress,
  SORT_COLUMNS,
  WINDOW_NAMES,
  writeAddress,
} from '../../src/page/page-state.js'

const name = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined })
const state: fc.Arbitrary<PageState> = fc.record(
  {
    window: fc.constantFrom(...WINDOW_NAMES),
    operation: name,
    source: name,
    status: name,
    sort: fc.option(
      fc.record(
        { column: fc.constantFrom(...SORT_COLUMNS), isDescending: fc.boolean() },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
    isPaused: fc.boolean(),
  },
  { noNullPrototype: true },
)

test('an address contains the whole state', () => {
  const property = fc.property(state, (one) => {
    assert.deepEqual(readAddress(writeAddress(one)), { state: one, problems: [] })
  })
  fc.assert(property)
})

test('the address of the default state has no query', () => {
  assert.equal(writeAddress(DEFAULT_STATE), '')
  assert.equal(writeAddress(readAddress('').state), '')
  assert.equal(writeAddress(readAddress('?paused').state), '?paused=true')
})

const WRONG: readonly (readonly [query: string, parameter: string, message: RegExp])[] = [
  ['?window=7m', 'window', /has the value “7m”/],
  ['?window=', 'window', /has the value “”/],
  ['?sort=bogus', 'sort', /has the value “bogus”/],
  ['?sort=--p99', 'sort', /has the value “--p99”/],
  ['?operation=', 'operation', /has the value “”/],
  ['?engine=', 'engine', /has the value “”/],
  ['?status=', 'status', /has the value “”/],
  ['?paused=maybe', 'paused', /has the value “maybe”/],
  ['?engines=3', 'engines', /is not a setting of this page/],
  ['?engine=1&engine=2', 'engine', /is there twice/],
]

test('an invalid value in an address is a problem with the accepted values', () => {
  for (const [query, parameter, message] of WRONG) {
    const { problems } = readAddress(query)
    assert.equal(problems.length, 1, query)
    assert.equal(problems[0]?.parameter, parameter)
    assert.match(problems[0]?.message ?? '', message)
    assert.ok((problems[0]?.accepted.length ?? 0) > 0, query)
  }
})

test('the valid part of an address with problems is used', () => {
  const { state: read, problems } = readAddress('?window=7m&engine=3&sort=-p99&colour=red')
  assert.equal(problems.length, 2)
  assert.equal(writeAddress(read), '?engine=3&sort=-p99')
})

test('a heading sorts numbers descending first, then ascending, then not', () => {
  const first = nextSort(undefined, 'p99')
  assert.deepEqual(first, { column: 'p99', isDescending: true })
  const second = nextSort(first, 'p99')
  assert.deepEqual(second, { column: 'p99', isDescending: false })
  assert.equal(nextSort(second, 'p99'), undefined)
  assert.deepEqual(nextSort(second, 'engine'), { column: 'engine', isDescending: false })
})

test('filters are equal if they select the same rows', () => {
  const one: PageState = { ...DEFAULT_STATE, operation: 'a' }
  assert.ok(isSameFilter(one, { ...one, isPaused: true } as PageState))
  for (const change of [{ window: '1m' }, { operation: 'b' }, { source: '1' }, { status: 'ok' }]) {
    assert.ok(!isSameFilter(one, { ...one, ...change } as PageState))
  }
})
