import type { BinLayout } from '../../stats/bin-layout.js'
import {
  INDEX_OF_PLACE_0,
  NATIVE_SCHEMA,
  nativePlaces,
  PLACE_COUNT,
  ZERO_THRESHOLD_SECONDS,
} from '../../stats/native-buckets.js'
import type { PackedBins } from '../../stats/packed-bins.js'
import { HISTOGRAM, SPAN } from './protobuf-fields.js'
import { SparseBuckets } from './sparse-buckets.js'
import { LENGTH_BYTES, VARINT_BYTES_MAX, writeLength, writeSigned, writeVarint } from './varint.js'
import { tagOf, WireWriter } from './wire-writer.js'

/**
 * Maximum rows of a series for which its counts, and twice their differences, are exact. A server
 * rejects a histogram whose buckets do not add up to its count.
 */
const ROWS_MAX = 2 ** 52
/** Bytes of a tag, and of most lengths, offsets and lengths of spans. */
const SMALL = 1
/** Maximum bytes of a span: two tags, the length of the field, offset and length of the span. */
const SPAN_BYTES_MAX = 4 * SMALL + 2 * VARINT_BYTES_MAX

/** The fields that are the same in every native histogram. */
const COMMON = commonFields()
const ZERO_COUNT_TAG = tagOf(HISTOGRAM.zeroCount, 'varint')
const SPAN_TAG = tagOf(HISTOGRAM.positiveSpan, 'bytes')
const OFFSET_TAG = tagOf(SPAN.offset, 'varint')
const LENGTH_TAG = tagOf(SPAN.length, 'varint')
const DELTA_TAG = tagOf(HISTOGRAM.positiveDelta, 'bytes')

/** Maximum bytes written for one histogram. */
export const NATIVE_BYTES_MAX =
  COMMON.length + LENGTH_BYTES + PLACE_COUNT * (SPAN_BYTES_MAX + VARINT_BYTES_MAX)

/** Shared by all series, used synchronously. */
const buckets = new SparseBuckets()

/**
 * Write the fields that make a `Histogram` message a native one: zero bucket, spans of buckets, and
 * their counts as differences. Nothing is written for more than 2^52 rows.
 *
 * @param start index in `bytes`, which must have `NATIVE_BYTES_MAX` bytes from there
 * @returns the index of the next byte
 * @see https://prometheus.io/docs/specs/native_histograms/
 */
export function writeNativeFields(
  bytes: Uint8Array,
  start: number,
  bins: PackedBins,
  layout: BinLayout,
): number {
  bytes.set(COMMON, start)
  let at = start + COMMON.length
  bytes[at] = DELTA_TAG
  const lengthAt = at + SMALL
  const from = lengthAt + LENGTH_BYTES
  at = buckets.read(bins, nativePlaces(layout), bytes, from)
  if (buckets.rows > ROWS_MAX) return start
  writeLength(bytes, lengthAt, at - from)
  at = writeSpans(bytes, at)
  if (buckets.zeroCount === 0) return at
  bytes[at++] = ZERO_COUNT_TAG
  return writeVarint(bytes, at, buckets.zeroCount)
}

function writeSpans(bytes: Uint8Array, start: number): number {
  const { spans, spanCount } = buckets
  let at = start
  /** The index after the last bucket of the previous span. */
  let before = 0
  for (let span = 0; span < spanCount; span++) {
    const first = spans[2 * span] + INDEX_OF_PLACE_0
    const length = spans[2 * span + 1]
    bytes[at] = SPAN_TAG
    const lengthAt = at + SMALL
    at = lengthAt + SMALL
    bytes[at++] = OFFSET_TAG
    at = writeSigned(bytes, at, first - before)
    bytes[at++] = LENGTH_TAG
    at = writeVarint(bytes, at, length)
    bytes[lengthAt] = at - lengthAt - SMALL
    before = first + length
  }
  return at
}

function commonFields(): Uint8Array {
  const fields = new WireWriter()
  fields.signedInteger(HISTOGRAM.schema, NATIVE_SCHEMA)
  fields.double(HISTOGRAM.zeroThreshold, ZERO_THRESHOLD_SECONDS)
  return fields.bytes.slice()
}
