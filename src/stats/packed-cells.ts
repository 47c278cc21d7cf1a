import { type CellLayout, SLOTS_MAX } from './cell-layout.js'

/** Bits of a number in one byte; the eighth says that more follow. */
const GROUP_BITS = 7
const GROUP_RADIX = 2 ** GROUP_BITS
const GROUP_MASK = GROUP_RADIX - 1
const MORE = 0x80
/** Bytes of the largest safe integer: 53 bits in groups of 7. */
const NUMBER_BYTES_MAX = 8
/** Weight of the last group that a safe integer has. */
const WEIGHT_MAX = GROUP_RADIX ** (NUMBER_BYTES_MAX - 1)

/** Where cells are packed before it is known how long they get: each takes a number, two at most. */
const scratch = new Uint8Array(2 * SLOTS_MAX * NUMBER_BYTES_MAX)

/**
 * The counts of a layout's slots as bytes, a small part of what they take in an array: LEB128
 * numbers, of which each is the count of the next slot, ascending from slot 0, but for a zero,
 * which is followed by the number of slots that are passed over because they are zero.
 *
 * @see https://dwarfstd.org/doc/DWARF5.pdf section 7.6
 */
export type PackedCells = Uint8Array

/** Pack the counts (non-negative safe integers) of the slots. */
export function packCells(cells: Float64Array): PackedCells {
  let at = 0
  let passed = 0
  for (let slot = 0; slot < cells.length; slot++) {
    if (cells[slot] === 0) {
      passed++
      continue
    }
    if (passed > 0) {
      scratch[at++] = 0
      at = writeNumber(at, passed)
      passed = 0
    }
    at = writeNumber(at, cells[slot])
  }
  return scratch.slice(0, at)
}

/**
 * Add packed counts to others, each at the place of its slot: the slot itself, or its bucket.
 *
 * @param placeOfSlot per slot of the layout an index of `target`, from index `base` on
 * @returns the sum of the counts, or NaN for bytes that are no packed cells of as many slots, of
 * which some may have been added
 */
export function addPackedCells(
  target: Float64Array,
  packed: PackedCells,
  placeOfSlot: Uint16Array,
  base = 0,
): number {
  const end = packed.length
  const slotCount = placeOfSlot.length
  let rows = 0
  let slot = 0
  let isPassing = false
  for (let at = 0; at < end; ) {
    let value = packed[at++]
    if (value >= MORE) {
      value &= GROUP_MASK
      let weight = GROUP_RADIX
      let byte = MORE
      while (byte >= MORE) {
        if (at === end || weight > WEIGHT_MAX) return Number.NaN
        byte = packed[at++]
        value += (byte & GROUP_MASK) * weight
        weight *= GROUP_RADIX
      }
    }
    if (isPassing) {
      if (value === 0) return Number.NaN
      slot += value
      isPassing = false
    } else if (value === 0) {
      isPassing = true
    } else {
      if (slot >= slotCount) return Number.NaN
      target[base + placeOfSlot[slot++]] += value
      rows += value
    }
  }
  // Larger sums are no longer exact, and so are larger counts.
  return isPassing || rows > Number.MAX_SAFE_INTEGER ? Number.NaN : rows
}

/** Packed counts as one count per slot. */
export function unpackCells(packed: PackedCells, layout: CellLayout): Float64Array {
  const cells = new Float64Array(layout.slotCount)
  addPackedCells(cells, packed, layout.slots)
  return cells
}

function writeNumber(start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= GROUP_RADIX) {
    scratch[at++] = (rest % GROUP_RADIX) | MORE
    rest = Math.floor(rest / GROUP_RADIX)
  }
  scratch[at++] = rest
  return at
}
