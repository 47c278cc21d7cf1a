import { pack, unpack } from '../wire/msgpack.js'
import { rejection } from '../wire/rejection.js'
import { readArray, readBytes, readMap, readOrdinal } from '../wire/validation.js'

const FOLDED_KEY = 'moonmeter_folded'
const FOLDED_VERSION = 1
/** Incarnations that are listed one by one; of more, the oldest are told by the floor. */
const LISTED_MAX = 1_024
/** Incarnations that an entry may list, where the floor cannot rise. */
const LISTED_LIMIT = 4_096

/** Which incarnations a folded entry has the sum of. */
export class FoldedIncarnations {
  /** All incarnations up to this number are in the sum; 0 for none. */
  readonly floor: number
  /** Those above it that are, ascending. */
  readonly listed: readonly number[]
  /** The smallest of all, which tells when the engine began to count; 0 for none. */
  readonly first: number
  readonly #set: ReadonlySet<number>

  constructor(floor = 0, listed: readonly number[] = [], first = listed[0] ?? floor) {
    this.floor = floor
    this.listed = listed
    this.first = first
    this.#set = new Set(listed)
  }

  /** Whether the sum has an incarnation. */
  contains(incarnation: number): boolean {
    return incarnation <= this.floor || this.#set.has(incarnation)
  }

  /**
   * These and further ones. The floor only rises over incarnations that are in the sum: it stays
   * below those that remain.
   *
   * @param remaining incarnations that have entries and are not in the sum
   * @returns undefined where the list would get too long
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

/** The entry of an engine's incarnations that were removed: which they are, and their sum. */
export interface FoldedEntry {
  readonly incarnations: FoldedIncarnations
  /** A report, whose incarnation is the newest of them. */
  readonly report: Uint8Array
}

/** A folded entry as MessagePack. */
export function encodeFolded({ incarnations, report }: FoldedEntry): Uint8Array<ArrayBuffer> {
  const { floor, listed, first } = incarnations
  return pack({ [FOLDED_KEY]: FOLDED_VERSION, first, floor, incarnations: listed, report })
}

/**
 * Which incarnations a folded entry contains, every number checked, and the bytes of the report.
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

/** Which incarnations a folded entry contains; none for bytes that are no such entry. */
export function decodeFolded(value: Uint8Array): FoldedIncarnations {
  try {
    return readFolded(value).incarnations
  } catch {
    return new FoldedIncarnations()
  }
}
