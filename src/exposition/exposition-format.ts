import type { Snapshot } from '../snapshot/snapshot.js'
import type { Labels, MetricFamily } from './metric-family.js'
import type { OutputBuffer } from './output-buffer.js'

/** Writes one family in one format; it may keep what it made for the next scrape. */
export interface FamilyWriter {
  /** What precedes the samples, such as HELP and TYPE. */
  readonly head: string
  /**
   * Write the samples of a snapshot, as the steps are taken.
   *
   * @param extraLabels to write behind those of every sample
   */
  write(output: OutputBuffer, snapshot: Snapshot, extraLabels: Labels): Iterable<void>
}

/** A format that families are written in. */
export interface ExpositionFormat {
  /** The media type of the format with its parameters. */
  readonly contentType: string
  createWriter(family: MetricFamily): FamilyWriter
}
