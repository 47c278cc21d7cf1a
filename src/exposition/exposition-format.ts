import type { FamilyDefinition, Labels, MetricFamily, MetricType } from './metric-family.js'
import type { OutputBuffer } from './output-buffer.js'

/** Options of `FamilyWriter.write`. */
export interface WriteOptions {
  /** Labels to append to every sample that has no label of the same name. */
  readonly extraLabels: Labels
  /** All families of the exposition, this one included; empty if unknown. */
  readonly families: readonly FamilyDefinition[]
}

/** Writes one family in one format. It may cache data for the next scrape. */
export interface FamilyWriter {
  /**
   * Write the family with the given groups, in steps. Other writes of the same family may run
   * between the steps.
   */
  write(output: OutputBuffer, groups: readonly unknown[], options: WriteOptions): Iterable<void>
}

/** Name and type of a family in a format. */
export interface FamilyHead {
  readonly name: string
  readonly type: MetricType
}

/** Writes one family in a format of lines. */
export interface LineWriter extends FamilyWriter {
  head(options: WriteOptions): FamilyHead
  /** Write the lines of the samples only, in steps as `write`. */
  writeSamples(
    output: OutputBuffer,
    groups: readonly unknown[],
    options: WriteOptions,
  ): Iterable<void>
}

/** A format of the exposition. */
export interface ExpositionFormat<Writer extends FamilyWriter = FamilyWriter> {
  /** The media type of the format with its parameters. */
  readonly contentType: string
  /** The text between two families. */
  readonly separator: string
  /** The text after the last family. */
  readonly end: string
  createWriter(family: MetricFamily): Writer
}
