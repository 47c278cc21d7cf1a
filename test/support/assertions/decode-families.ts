import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'

/** A time since 1970. */
interface DecodedTimestamp {
  readonly seconds: number
  readonly nanos: number
}

export interface DecodedLabel {
  readonly name: string
  readonly value: string
}

export interface DecodedExemplar {
  readonly label: readonly DecodedLabel[]
  readonly value: number
  readonly timestamp?: DecodedTimestamp
}

export interface DecodedHistogram {
  readonly sampleCount: number
  readonly sampleSum: number
  readonly bucket: readonly {
    readonly cumulativeCount: number
    readonly upperBound: number
    readonly exemplar?: DecodedExemplar
  }[]
  readonly schema?: number
  readonly zeroThreshold?: number
  readonly zeroCount?: number
  readonly positiveSpan: readonly { readonly offset: number; readonly length: number }[]
  readonly positiveDelta: readonly number[]
  readonly createdTimestamp?: DecodedTimestamp
}

export interface DecodedMetric {
  readonly label: readonly DecodedLabel[]
  readonly gauge?: { readonly value: number }
  readonly untyped?: { readonly value: number }
  readonly counter?: {
    readonly value: number
    readonly exemplar?: DecodedExemplar
    readonly createdTimestamp?: DecodedTimestamp
  }
  readonly summary?: {
    readonly sampleCount: number
    readonly sampleSum: number
    readonly quantile: readonly { readonly quantile: number; readonly value: number }[]
  }
  readonly histogram?: DecodedHistogram
}

/** A `MetricFamily` message as objects; numbers are those of JavaScript. */
export interface DecodedFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly unit?: string
  readonly metric: readonly DecodedMetric[]
}

const PROTO = new URL('../../../../test/fixtures/metrics.proto', import.meta.url)
const FAMILY = protobuf.parse(readFileSync(PROTO, 'utf8')).root.lookupType('test.MetricFamily')

/** The families of a delimited protobuf exposition, decoded by a library. */
export function decodeFamilies(bytes: Uint8Array): DecodedFamily[] {
  const reader = protobuf.Reader.create(bytes)
  const families: DecodedFamily[] = []
  while (reader.pos < reader.len) {
    const message = FAMILY.decodeDelimited(reader)
    const family = FAMILY.toObject(message, { enums: String, longs: Number, arrays: true })
    families.push(family as DecodedFamily)
  }
  return families
}

/** Count per index of the schema, of the buckets of a native histogram that have one. */
export function nativeBuckets(histogram: DecodedHistogram): Map<number, number> {
  const buckets = new Map<number, number>()
  let index = 0
  let count = 0
  let next = 0
  for (const { offset, length } of histogram.positiveSpan) {
    index += offset
    for (let place = 0; place < length; place++) {
      count += histogram.positiveDelta[next++]
      if (count !== 0) buckets.set(index, count)
      index++
    }
  }
  if (next !== histogram.positiveDelta.length) throw new Error('spans and deltas differ in length')
  return buckets
}
