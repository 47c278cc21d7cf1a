import { TIMESTAMP_SECONDS_MAX } from '../../stats/exemplar.js'
import type { Exemplar } from '../metric-family.js'
import { EXEMPLAR, LABEL, TIMESTAMP } from './protobuf-fields.js'
import type { WireWriter } from './wire-writer.js'

const MS_PER_SECOND = 1e3
const NANOS_PER_MS = 1e6
/** The year 10,000, which no `google.protobuf.Timestamp` reaches. */
const SECONDS_END = TIMESTAMP_SECONDS_MAX + 1

/** Labels in the order of exposition. */
export type LabelList = readonly (readonly [name: string, value: string])[]

export function writeLabels(message: WireWriter, field: number, labels: LabelList): void {
  for (const [name, value] of labels) {
    const pair = message.begin(field)
    message.text(LABEL.name, name)
    message.text(LABEL.value, value)
    message.end(pair)
  }
}

export function writeExemplar(
  message: WireWriter,
  field: number,
  exemplar: Exemplar | undefined,
): void {
  if (exemplar === undefined) return
  const own = message.begin(field)
  writeLabels(message, EXEMPLAR.label, Object.entries(exemplar.labels))
  message.double(EXEMPLAR.value, exemplar.value)
  writeTimestamp(message, EXEMPLAR.timestamp, exemplar.timestampSeconds)
  message.end(own)
}

/**
 * Write a time in seconds since 1970, rounded to milliseconds; nothing if it is out of the range of
 * protobuf.
 */
export function writeTimestamp(message: WireWriter, field: number, seconds = Number.NaN): void {
  if (!(seconds >= 0 && seconds < SECONDS_END)) return
  const ms = Math.round(seconds * MS_PER_SECOND)
  const whole = Math.floor(ms / MS_PER_SECOND)
  const own = message.begin(field)
  message.integer(TIMESTAMP.seconds, whole)
  message.integer(TIMESTAMP.nanos, (ms - whole * MS_PER_SECOND) * NANOS_PER_MS)
  message.end(own)
}
