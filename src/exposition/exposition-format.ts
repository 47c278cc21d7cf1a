import type { FamilyDefinition, Labels, MetricFamily, MetricType } from './metric-family.js'
import type { OutputBuffer } from './output-buffer.js'

/** What a family is written with. */
export interface WriteOptions {
  /** Labels to write after those of every sample that has none of the same name. */
  readonly extraLabels: Labels
  /** All families of the exposition, this one included, or none where they are not known. */
  readonly families: readonly FamilyDefinition[]
}

/** Writes one family in one format; it may keep what it made for the next scrape. */
export interface FamilyWriter {
  /**
   * Write the whole family with these groups, as the steps are taken. Other writes of the family may
   * run between the steps.
   */
  write(output: OutputBuffer, groups: readonly unknown[], options: WriteOptions): Iterable<void>
}

/** Name and type of a family as a format shows them. */
export interface FamilyHead {
  readonly name: string
  readonly type: MetricType
}

/** Writes one family in a format of lines. */
export interface LineWriter extends FamilyWriter {
  head(options: WriteOptions): FamilyHead
  /** Write the lines of the samples and nothing else, as `write` does. */
  writeSamples(
    output: OutputBuffer,
    groups: readonly unknown[],
    options: WriteOptions,
  ): Iterable<void>
}

/** A format that families are written in. */
export interface ExpositionFormat<Writer extends FamilyWriter = FamilyWriter> {
  /** The media type of the format with its parameters. */
  readonly contentType: string
  /** What stands between two families. */
  readonly separator: string
  /** What follows the last family. */
  readonly end: string
  createWriter(family: MetricFamily): Writer
}
