import { pack, unpack } from '../wire/msgpack.js'
import { rejection } from '../wire/rejection.js'
import { readArray, readBytes, readMap, readOrdinal } from '../wire/validation.js'

const FOLDED_KEY = 'moonmeter_folded'
const FOLDED_VERSION = 1
/** Incarnations that are listed individually. If there are more, the floor covers the oldest. */
const LISTED_MAX = 1_024
/** Maximum length of the list if the floor cannot rise. */
const LISTED_LIMIT = 4_096

/** The incarnations that a folded entry contains. */
export class FoldedIncarnations {
  /** All incarnations up to this number are in the sum; 0 for none. */
  readonly floor: number
  /** The incarnations above the floor that are in the sum, ascending. */
  readonly listed: readonly number[]
  /** The smallest incarnation, which determines when the engine began to count; 0 for none. */
  readonly first: number
  readonly #set: ReadonlySet<number>

  constructor(floor = 0, listed: readonly number[] = [], first = listed[0] ?? floor) {
    this.floor = floor
    this.listed = listed
    this.first = first
    this.#set = new Set(listed)
  }

  /** Whether the sum contains an incarnation. */
  contains(incarnation: number): boolean {
    return incarnation <= this.floor || this.#set.has(incarnation)
  }

  /**
   * These incarnations and further ones. The floor stays below the incarnations that are not in the
   * sum.
   *
   * @param remaining incarnations that have entries and are not in the sum
   * @returns undefined if the list would get too long
   */
  with(more: readonly number[], remaining: readonly number[]): FoldedIncarnations | undefined {
    const listed = [...new Set([...this.listed, ...more])].sort((left, right) => left - right)
    const first = Math.min(...[this.first, ...listed].filter((number) => number > 0))
    const limit = Math.min(...remaining, Number.POSITIVE_INFINITY)
    let floor = this.floor
    while (listed.length > LISTED_MAX && (listed[0] ?? limit) < limit) {
      floor = listed.shift() ?? floor
    }
    return listed.length > LISTED_LIMIT ? undefined : new FoldedIncarnations(floor, listed, first)
  }
}

/** The folded entry of an engine: the removed incarnations and their sum. */
export interface FoldedEntry {
  readonly incarnations: FoldedIncarnations
  /** The sum as a report, with the number of the newest removed incarnation. */
  readonly report: Uint8Array
}

/** A folded entry as MessagePack. */
export function encodeFolded({ incarnations, report }: FoldedEntry): Uint8Array<ArrayBuffer> {
  const { floor, listed, first } = incarnations
  return pack({ [FOLDED_KEY]: FOLDED_VERSION, first, floor, incarnations: listed, report })
}

/**
 * Decode and validate a folded entry, except for its report.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`
 */
export function readFolded(value: Uint8Array): FoldedEntry {
  const map = readMap(unpack(Buffer.from(value.buffer, value.byteOffset, value.length)))
  const version = map.get(FOLDED_KEY)
  if (version !== FOLDED_VERSION) {
    throw rejection('version', `a folded entry of version ${FOLDED_VERSION}`, version)
  }
  const list = readArray(map.get('incarnations'), 'incarnations')
  if (list.length > LISTED_LIMIT) {
    throw rejection('range', `at most ${LISTED_LIMIT} incarnations`, list)
  }
  const listed = list.map((number) => readOrdinal(number, 'an incarnation'))
  const floor = map.get('floor') === 0 ? 0 : readOrdinal(map.get('floor'), 'floor')
  const first = readOrdinal(map.get('first'), 'first')
  const report = readBytes(map.get('report'), 'the report of a folded entry')
  return { incarnations: new FoldedIncarnations(floor, listed, first), report }
}

/** The incarnations that a folded entry contains; none for invalid bytes. */
export function decodeFolded(value: Uint8Array): FoldedIncarnations {
  try {
    return readFolded(value).incarnations
  } catch {
    return new FoldedIncarnations()
  }
}
