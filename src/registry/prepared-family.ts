import type { FamilyDefinition } from '../exposition/metric-family.js'
import type { OutputBuffer } from '../exposition/output-buffer.js'

/** A family in a format, ready to be written. */
export interface PreparedFamily {
  readonly definition: FamilyDefinition
  /**
   * Writes the family, as its steps are taken.
   *
   * @param families all families of the exposition
   */
  write(output: OutputBuffer, families: readonly FamilyDefinition[]): Iterable<void>
}
