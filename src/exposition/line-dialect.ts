import type { FamilyHead, WriteOptions } from './exposition-format.js'
import type { Exemplar, MetricFamily, SampleShape } from './metric-family.js'

/** What a format of lines does in its own way. */
export interface LineDialect {
  headOf(family: MetricFamily, options: WriteOptions): FamilyHead
  /** The lines before the samples. */
  linesBefore(family: MetricFamily, head: FamilyHead): string
  /** The bound of a bucket, or a quantile, as the format writes it. */
  boundOf(bound: string): string
  /** The name of the sample with the time at which a series began; undefined where there is none. */
  createdNameOf(head: FamilyHead): string | undefined
  /** Whether a sample may have an exemplar. */
  mayHaveExemplar(head: FamilyHead, shape: SampleShape): boolean
  /** What stands behind the value of a sample: the same object for an exemplar. */
  tailOf(exemplar: Exemplar): Uint8Array | undefined
}
