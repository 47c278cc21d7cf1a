import type { FamilyHead, WriteOptions } from '../exposition-format.js'
import type { Exemplar, MetricFamily, SampleShape } from '../metric-family.js'

/** The differences between formats of lines. */
export interface LineDialect {
  headOf(family: MetricFamily, options: WriteOptions): FamilyHead
  /** The lines before the samples. */
  linesBefore(family: MetricFamily, head: FamilyHead): string
  /** Formats the bound of a bucket, or a quantile. */
  boundOf(bound: string): string
  /** The name of the sample with the creation time of a series; undefined without such a sample. */
  createdNameOf(head: FamilyHead): string | undefined
  /**
   * Formats the exemplar after the value of a sample; the same object for each call. Undefined for
   * an exemplar that the format does not permit. A format without exemplars does not have this
   * method.
   */
  tailOf?(head: FamilyHead, shape: SampleShape, exemplar: Exemplar): Uint8Array | undefined
}
