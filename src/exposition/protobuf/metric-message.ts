import type { Exemplar, MetricType, SampleShape } from '../metric-family.js'
import { BUCKET, FAMILY, HISTOGRAM, METRIC, QUANTILE, SUMMARY, VALUE } from './protobuf-fields.js'
import { type LabelList, writeExemplar, writeLabels, writeTimestamp } from './protobuf-parts.js'
import type { ValuePlaces } from './value-places.js'
import type { WireWriter } from './wire-writer.js'

const INFINITY = '+Inf'

/** The content of a series' message without its values. */
export interface SeriesHead {
  readonly type: MetricType
  readonly labels: LabelList
  readonly shapes: readonly SampleShape[]
  /** The creation time, in seconds since 1970; undefined if unknown. */
  readonly created: number | undefined
  /** Returns the exemplar of a sample. */
  readonly exemplarOf: (shape: number) => Exemplar | undefined
}

/**
 * Append a `Metric` message with zeros for values to those of its family, and add the offsets of
 * the values to `places`.
 *
 * @returns the offsets of lengths that are written later: an empty list
 */
export function writeMetric(
  messages: WireWriter,
  head: SeriesHead,
  places: ValuePlaces,
): readonly number[] {
  const first = places.length
  const metric = messages.begin(FAMILY.metric)
  writeLabels(messages, METRIC.label, head.labels)
  const body = messages.begin(METRIC[head.type])
  BODY_WRITERS[head.type](messages, head, places, body)
  const bodyLength = messages.length - body
  messages.end(body)
  messages.end(metric)
  places.move(first, messages.length - bodyLength)
  return []
}

/**
 * As `writeMetric`, for a histogram to which further fields are appended.
 *
 * @returns the offsets of the lengths of both messages, which `writeLength` writes when they are
 * complete
 */
export function openHistogram(
  messages: WireWriter,
  head: SeriesHead,
  places: ValuePlaces,
): readonly number[] {
  const first = places.length
  const metricLength = messages.reserveLength(FAMILY.metric)
  writeLabels(messages, METRIC.label, head.labels)
  const histogramLength = messages.reserveLength(METRIC.histogram)
  const body = messages.length
  BODY_WRITERS[head.type](messages, head, places, body)
  places.move(first, body)
  return [metricLength, histogramLength]
}

/** Writes the message with the values of a type; offsets are relative to `body`. */
type BodyWriter = (message: WireWriter, head: SeriesHead, places: ValuePlaces, body: number) => void

const BODY_WRITERS: { readonly [Type in MetricType]: BodyWriter } = {
  counter: writeCounter,
  gauge: writeValue,
  unknown: writeValue,
  summary: writeSummary,
  histogram: writeHistogram,
}

function writeValue(
  message: WireWriter,
  { shapes }: SeriesHead,
  places: ValuePlaces,
  body: number,
): void {
  for (const _ of shapes) places.addDouble(message.double(VALUE.value, 0) - body)
}

function writeCounter(
  message: WireWriter,
  head: SeriesHead,
  places: ValuePlaces,
  body: number,
): void {
  writeValue(message, head, places, body)
  writeExemplar(message, VALUE.exemplar, head.exemplarOf(0))
  writeTimestamp(message, VALUE.created, head.created)
}

function writeHistogram(
  message: WireWriter,
  { shapes, exemplarOf, created }: SeriesHead,
  places: ValuePlaces,
  body: number,
): void {
  for (const [shape, { suffix, le }] of shapes.entries()) {
    const exemplar = exemplarOf(shape)
    if (suffix === '_count') {
      places.addCount(message.reserveCount(HISTOGRAM.count) - body)
    } else if (suffix === '_sum') {
      places.addDouble(message.double(HISTOGRAM.sum, 0) - body)
    } else if (le === undefined || (le === INFINITY && exemplar === undefined)) {
      // The bucket `+Inf` is optional: readers use the count of the histogram.
      places.addNone()
    } else {
      const bucket = message.begin(HISTOGRAM.bucket)
      const place = message.reserveCount(BUCKET.cumulativeCount)
      message.double(BUCKET.upperBound, numberOf(le))
      writeExemplar(message, BUCKET.exemplar, exemplar)
      places.addCount(place + message.end(bucket) - bucket - body)
    }
  }
  writeTimestamp(message, HISTOGRAM.created, created)
}

function writeSummary(
  message: WireWriter,
  { shapes, created }: SeriesHead,
  places: ValuePlaces,
  body: number,
): void {
  for (const { suffix, quantile } of shapes) {
    if (suffix === '_count') {
      places.addCount(message.reserveCount(SUMMARY.count) - body)
    } else if (suffix === '_sum') {
      places.addDouble(message.double(SUMMARY.sum, 0) - body)
    } else if (quantile === undefined) {
      places.addNone()
    } else {
      const part = message.begin(SUMMARY.quantile)
      message.double(QUANTILE.quantile, numberOf(quantile))
      places.addDouble(message.double(QUANTILE.value, 0) - body)
      message.end(part)
    }
  }
  writeTimestamp(message, SUMMARY.created, created)
}

/** The number of a label `le` or `quantile`, in which registries write infinity as `+Inf`. */
function numberOf(label: string): number {
  return label === INFINITY ? Number.POSITIVE_INFINITY : Number(label)
}
