import assert from 'node:assert/strict'
import type { ReferenceCase } from '../generators/reference-cases.js'
import { parseExposition } from './exposition.js'

/** Relative tolerance of sums, and of integers past 2^53. */
const TOLERANCE = 1e-12

/**
 * Check that an exposition contains the samples of the reference, and no others of its families.
 */
export function assertSamples(text: string, { samples }: ReferenceCase): void {
  const key = (name: string, labels: Readonly<Record<string, string>>) =>
    JSON.stringify([name, Object.entries(labels).sort()])
  const actual = new Map(
    parseExposition(text)
      .filter(({ name }) => name.startsWith('vllm:'))
      .map(({ name, labels, value }) => [key(name, labels), value]),
  )
  const expected = new Map(samples.map(([name, labels, value]) => [key(name, labels), value]))
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort())
  for (const [sample, value] of expected) {
    const got = actual.get(sample)
    if (sample.includes('_seconds_sum"')) assertClose(got, value, sample)
    else assertNumber(got, value, sample)
  }
}

/** Check that a figure equals the reference's, or is close to it if it is not a safe integer. */
export function assertNumber(actual: number | undefined, expected: number, what: string): void {
  if (Number.isInteger(expected) && expected > Number.MAX_SAFE_INTEGER) {
    assertBigInteger(actual, expected, what)
  } else assert.equal(actual, expected, what)
}

/** Check a figure that may differ from the reference's, since it is past 2^53. */
export function assertBigInteger(actual: number | undefined, expected: number, what: string): void {
  assert.ok(expected > Number.MAX_SAFE_INTEGER, `${what}: ${actual} for ${expected}`)
  assertClose(actual, expected, what)
}

function assertClose(actual: number | undefined, expected: number, what: string): void {
  const off = Math.abs((actual ?? Number.NaN) - expected)
  assert.ok(off <= TOLERANCE * Math.abs(expected), `${what}: ${actual} for ${expected}`)
}
