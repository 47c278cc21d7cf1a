import { type BinLayout, SEGMENTS_SECONDS_END, SEGMENTS_SECONDS_MIN } from './bin-layout.js'

/**
 * The schema of the buckets: 2^4 per octave, each 4.4 % wide. It is the finest schema whose buckets
 * are all wider than the widest bin (3.1 %). In a finer schema, some buckets would have no bin and
 * always be empty.
 */
export const NATIVE_SCHEMA = 4
const BUCKETS_PER_OCTAVE = 2 ** NATIVE_SCHEMA
/** Durations up to this many seconds are in the zero bucket. */
export const ZERO_THRESHOLD_SECONDS = SEGMENTS_SECONDS_MIN
/** The index of the zero bucket in the table (its place). */
export const ZERO_PLACE = 0
/** The index of the bucket that would be at place 0, where the zero bucket is. */
export const INDEX_OF_PLACE_0 = indexOf(ZERO_THRESHOLD_SECONDS)
/** The schema index of the bucket for durations that are too long for a segment. */
const OVERFLOW_INDEX = indexOf(SEGMENTS_SECONDS_END) + 1
/** Number of buckets in the table. */
export const PLACE_COUNT = OVERFLOW_INDEX - INDEX_OF_PLACE_0 + 1

const placesOfLayouts = new WeakMap<BinLayout, Uint16Array>()

/**
 * The place of the native bucket that counts each bin of a layout: place 0 is the zero bucket, and
 * bucket `i` of the schema is at place `i - INDEX_OF_PLACE_0`. Places ascend with the bins.
 *
 * A bin belongs to the bucket that contains its middle. The edges of a bucket are a factor of
 * 2^(1/16) apart, and a duration is within a factor of 65/64 of the middle of its bin. So a
 * duration and any value within its bucket differ by less than a factor of 2^(1/16) × 65/64 =
 * 1.0606. This does not hold for the zero bucket (up to 2^-30 s) and the last one, which counts
 * everything from 2^16 s.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/#schema
 */
export function nativePlaces(layout: BinLayout): Uint16Array {
  const known = placesOfLayouts.get(layout)
  if (known !== undefined) return known
  const places = Uint16Array.from({ length: layout.binCount }, (_, bin) => {
    const seconds = layout.secondsOf(bin)
    if (seconds <= ZERO_THRESHOLD_SECONDS) return ZERO_PLACE
    const isBehind = layout.binEdges[bin] >= SEGMENTS_SECONDS_END
    return (isBehind ? OVERFLOW_INDEX : indexOf(seconds)) - INDEX_OF_PLACE_0
  })
  placesOfLayouts.set(layout, places)
  return places
}

/**
 * The schema index of the bucket that contains a duration: above its lower edge, up to its upper
 * edge.
 */
function indexOf(seconds: number): number {
  // The logarithm is rounded, so at an edge the result may be the neighbouring bucket.
  let index = Math.ceil(Math.log2(seconds) * BUCKETS_PER_OCTAVE)
  while (seconds > upperEdge(index)) index++
  while (seconds <= upperEdge(index - 1)) index--
  return index
}

function upperEdge(index: number): number {
  return 2 ** (index / BUCKETS_PER_OCTAVE)
}
