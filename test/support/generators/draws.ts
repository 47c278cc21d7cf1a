import type { Random } from '../../../src/simulate/random.js'

/** An integer uniform over `least` to `most`, both included; at most 2^32 apart. */
export function integer(random: Random, least: number, most: number): number {
  return least + random.below(most - least + 1)
}

/** A random element of a list. */
export function pick<Thing>(random: Random, things: readonly Thing[]): Thing {
  return things[random.below(things.length)]
}

/** Random bytes, in a separate buffer. */
export function randomBytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random.below(256))
}
