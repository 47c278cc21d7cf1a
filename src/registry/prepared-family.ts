import type { FamilyDefinition } from '../exposition/metric-family.js'
import type { OutputBuffer } from '../exposition/output-buffer.js'

/** A family whose values were read, to be written in one format. */
export interface PreparedFamily {
  readonly definition: FamilyDefinition
  /**
   * Writes the family in steps.
   *
   * @param families all families of the exposition
   */
  write(output: OutputBuffer, families: readonly FamilyDefinition[]): Iterable<void>
}
