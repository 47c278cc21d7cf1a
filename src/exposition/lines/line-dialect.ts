import type { FamilyHead, WriteOptions } from '../exposition-format.js'
import type { Exemplar, MetricFamily, SampleShape } from '../metric-family.js'

/** What a format of lines does in its own way. */
export interface LineDialect {
  headOf(family: MetricFamily, options: WriteOptions): FamilyHead
  /** The lines before the samples. */
  linesBefore(family: MetricFamily, head: FamilyHead): string
  /** The bound of a bucket, or a quantile, as the format writes it. */
  boundOf(bound: string): string
  /** The name of the sample with the time at which a series began; undefined where there is none. */
  createdNameOf(head: FamilyHead): string | undefined
  /**
   * The exemplar of a sample as it stands after its value, the same object each time; undefined for
   * one that may not be shown. A format without this method shows none.
   */
  tailOf?(head: FamilyHead, shape: SampleShape, exemplar: Exemplar): Uint8Array | undefined
}
