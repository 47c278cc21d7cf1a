import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { histogramSamples, type MetricFamily } from '../../src/exposition/metric-family.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'
import { protobufFormat } from '../../src/exposition/protobuf/protobuf-writer.js'
import { BinLayout, DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { INDEX_OF_PLACE_0, nativePlaces } from '../../src/stats/native-buckets.js'
import { type PackedBins, packBins } from '../../src/stats/packed-bins.js'
import {
  type DecodedHistogram,
  decodeFamilies,
  nativeBuckets,
} from '../support/assertions/decode-families.js'
import { nextDown } from '../support/generators/floats.js'

const SCHEMA = 4
const PER_OCTAVE = 2 ** SCHEMA
/** The stated error of a quantile: a bucket's width, and half of the widest bin. */
const QUANTILE_FACTOR = 2 ** (1 / PER_OCTAVE) * (65 / 64)
const BOUNDS = [2 ** -30, 1e-6, 0.0123, 0.5, 1, 1.04, 7, 4096, nextDown(2 ** 16)]
const LAYOUTS = [DEFAULT_LAYOUT, new BinLayout(BOUNDS), new BinLayout([])]

/** Whether seconds are at most 2^(index / 16), by integer arithmetic. */
function isAtMost(seconds: number, index: number): boolean {
  const scaled = BigInt(seconds * 2 ** 90) ** BigInt(PER_OCTAVE)
  return scaled <= 2n ** BigInt(index + 90 * PER_OCTAVE)
}

/** The protobuf histogram of bins. */
function encode(bins: Float64Array): DecodedHistogram {
  return encodePacked(
    packBins(bins),
    bins.reduce((sum, count) => sum + count, 0),
  )
}

function encodePacked(packed: PackedBins, rows: number): DecodedHistogram {
  const layout = DEFAULT_LAYOUT
  const shapes = histogramSamples(layout.bounds)
  const family: MetricFamily = {
    definition: { name: 'f', type: 'histogram', help: 'h' },
    constantLabels: {},
    shapesOf: () => shapes,
    labelsOf: () => ({}),
    seriesOf: () => [{}],
    read: (_, values) => values.fill(rows),
    bins: { layout, binsOf: () => packed },
  }
  const output = new OutputBuffer()
  const options = { extraLabels: {}, families: [] }
  for (const _ of protobufFormat.createWriter(family).write(output, [0], options));
  const [decoded] = decodeFamilies(Buffer.concat(output.take()))
  const histogram = decoded?.metric[0]?.histogram
  assert.ok(histogram !== undefined)
  return histogram
}

test('each bin belongs to the native bucket that contains its middle, to the last bit', () => {
  for (const layout of LAYOUTS) {
    const places = nativePlaces(layout)
    for (let bin = 0; bin < layout.binCount - 1; bin++) {
      const seconds = layout.secondsOf(bin)
      const index = places[bin] + INDEX_OF_PLACE_0
      if (places[bin] === 0) assert.ok(seconds <= 2 ** -30, `${seconds}`)
      else assert.ok(isAtMost(seconds, index) && !isAtMost(seconds, index - 1), `${seconds}`)
    }
  }
})

test('any duration is within the stated factor of any value in its native bucket', (context) => {
  for (const layout of LAYOUTS) {
    const places = nativePlaces(layout)
    let worst = 1
    for (let bin = 0; bin < layout.binCount - 1; bin++) {
      if (places[bin] === 0) continue
      const upper = 2 ** ((places[bin] + INDEX_OF_PLACE_0) / PER_OCTAVE)
      const lower = 2 ** ((places[bin] + INDEX_OF_PLACE_0 - 1) / PER_OCTAVE)
      worst = Math.max(worst, upper / layout.binEdges[bin], layout.binEdges[bin + 1] / lower)
    }
    assert.ok(worst <= QUANTILE_FACTOR, `${worst}`)
    context.diagnostic(`${layout.bounds.length} bounds: at most a factor of ${worst.toFixed(4)}`)
  }
})

test('every native bucket has a bin, which does not hold for a finer schema', () => {
  for (const layout of LAYOUTS) {
    const places = new Set(nativePlaces(layout))
    // All places from the zero bucket to the last one.
    assert.equal(places.size, Math.max(...places) + 1)
  }
  const widest = Math.max(
    ...DEFAULT_LAYOUT.binEdges
      .slice(2, -1)
      .map((edge, bin) => edge / DEFAULT_LAYOUT.binEdges[bin + 1]),
  )
  assert.ok(widest < 2 ** (1 / PER_OCTAVE) && widest > 2 ** (1 / (2 * PER_OCTAVE)))
})

test('all buckets of any bins are in spans with gaps of more than two, and none is lost', () => {
  const drawn = fc.array(
    fc.record({
      bin: fc.nat({ max: DEFAULT_LAYOUT.binCount - 1 }),
      run: fc.integer({ min: 1, max: 12 }),
      count: fc.oneof(
        fc.nat({ max: 200 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.constant(2 ** 44),
      ),
    }),
    { maxLength: 30 },
  )
  const places = nativePlaces(DEFAULT_LAYOUT)
  fc.assert(
    fc.property(drawn, (runs) => {
      const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
      for (const { bin, run, count } of runs) bins.fill(count, bin, bin + run)
      const expected = new Map<number, number>()
      for (const [bin, count] of bins.entries()) {
        const index = places[bin] + INDEX_OF_PLACE_0
        if (count > 0) expected.set(index, (expected.get(index) ?? 0) + count)
      }
      const zeroCount = expected.get(INDEX_OF_PLACE_0)
      expected.delete(INDEX_OF_PLACE_0)
      const histogram = encode(bins)
      assert.deepEqual(nativeBuckets(histogram), expected)
      assert.equal(histogram.zeroCount, zeroCount)
      assert.equal(histogram.schema, SCHEMA)
      assert.equal(histogram.zeroThreshold, 2 ** -30)
      const [, ...gaps] = histogram.positiveSpan.map(({ offset }) => offset)
      assert.ok(gaps.every((gap) => gap > 2))
    }),
    { seed: 50, numRuns: 500 },
  )
})

test('gaps of one or two empty buckets are in a span, as zeros, and larger ones are between spans', () => {
  const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
  const indices = [-160, -159, -157, -154, -150, 3]
  for (const [count, index] of indices.entries()) {
    // The middle of the bin is within the bucket: buckets are wider than bins.
    bins[DEFAULT_LAYOUT.binOf(2 ** ((index - 0.5) / PER_OCTAVE))] = count + 1
  }
  const { positiveSpan, positiveDelta } = encode(bins)
  assert.deepEqual(positiveSpan, [
    { offset: -160, length: 7 },
    { offset: 3, length: 1 },
    { offset: 152, length: 1 },
  ])
  // 1, 2, 0, 3, 0, 0, 4; 5; 6
  assert.deepEqual(positiveDelta, [1, 1, -2, 3, -3, 0, 4, 1, 1])
})

test('numbers of packed bins may be longer than necessary, as other processes may send them', () => {
  // Skip 5 bins, 1 row, skip 2 bins, 300 rows, and skip so many that no bin is there.
  const short = [0, 5, 1, 0, 2, 0xac, 0x02]
  const long = [0x80, 0x00, 0x85, 0x80, 0x00, 0x81, 0x80, 0x00, 0x80, 0x80, 0x00, 0x82, 0x00]
  const end = [0xac, 0x82, 0x00, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
  const expected = encodePacked(Uint8Array.from(short), 301)
  assert.deepEqual([...nativeBuckets(expected).values()], [1, 300])
  assert.deepEqual(encodePacked(Uint8Array.from([...long, ...end]), 301), expected)
})

test('durations at edges are in their own buckets: zero, a power of two, and all from 2^16 s', () => {
  const bucketsOf = (...durations: number[]) => {
    const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
    for (const duration of durations) bins[DEFAULT_LAYOUT.binOf(duration)]++
    const { zeroCount, ...histogram } = encode(bins)
    return { zeroCount, buckets: [...nativeBuckets(histogram)] }
  }
  assert.deepEqual(bucketsOf(0, nextDown(2 ** -30)), { zeroCount: 2, buckets: [] })
  assert.deepEqual(bucketsOf(2 ** -30), {
    zeroCount: undefined,
    buckets: [[-30 * PER_OCTAVE + 1, 1]],
  })
  // 1 s is a bound of vLLM's: it has a bin of its own, and the upper edge of a native bucket.
  assert.deepEqual(bucketsOf(1), { zeroCount: undefined, buckets: [[0, 1]] })
  assert.deepEqual(bucketsOf(nextDown(2 ** 16)).buckets, [[16 * PER_OCTAVE, 1]])
  assert.deepEqual(bucketsOf(2 ** 16, 1e300).buckets, [[16 * PER_OCTAVE + 1, 2]])
})

test('a histogram without rows is a native one, and one of more than 2^52 rows a classic one', () => {
  const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
  const empty = encode(bins)
  assert.deepEqual([empty.zeroThreshold, empty.positiveDelta, empty.sampleCount], [2 ** -30, [], 0])
  bins[5] = 2 ** 52
  assert.deepEqual(encode(bins).positiveDelta, [2 ** 52])
  bins[500] = 1
  const { zeroThreshold, schema, positiveDelta, sampleCount } = encode(bins)
  assert.deepEqual([zeroThreshold, schema, positiveDelta], [undefined, undefined, []])
  assert.equal(sampleCount, 2 ** 52 + 1)
})
