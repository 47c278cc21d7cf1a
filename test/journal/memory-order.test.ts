import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  explore,
  type Loaded,
  type ReaderStep,
  type WriterStep,
} from '../support/generators/weak-memory.js'

// The protocol of a journal in a small model: one series of a recorder, whose rows have durations
// 1, 2, 3 and so on and as many keys, and whose rows are folded now and then.
// `protocol-steps.test.ts` checks that the code has the steps of the model.

const store = (word: string, value: number): WriterStep => ({ kind: 'store', word, value })
const release = (word: string, value: number): WriterStep => ({ kind: 'release', word, value })
const ACQUIRE: WriterStep = { kind: 'acquire' }
const keysOf = (rows: number): number => (rows * (rows + 1)) / 2

/** The steps of `record`, in order. */
function record(row: number): WriterStep[] {
  return [
    store('rowsBegun', row),
    store(`duration ${row}`, row),
    store('keys', keysOf(row)),
    store('rows', row),
  ]
}

/** The steps of a fold after a number of rows. */
function fold(number: number, rows: number): WriterStep[] {
  return [
    release('begin', number),
    ACQUIRE,
    store('bins', keysOf(rows)),
    store('foldEnd', rows),
    store('foldedKeys', keysOf(rows)),
    release('end', number),
  ]
}

const FOLDED = ['bins', 'foldEnd', 'foldedKeys'] as const
/** The steps of a reader that copies the folded rows. */
const COPY: readonly ReaderStep[] = [
  { kind: 'acquire', word: 'end' },
  { kind: 'acquire', word: 'begin' },
  { kind: 'load', words: FOLDED },
  { kind: 'exchange', word: 'begin' },
]
const ROWS: readonly WriterStep[] = [...record(1), ...record(2)]
const FOLDS: readonly WriterStep[] = [...fold(1, 1), ...fold(2, 2), ...fold(3, 3)]

/** The number of rows in a copy: undefined when it is not used, false when it mixes states. */
function copiedRows([end, begin, bins, foldEnd, foldedKeys, last]: Loaded):
  | number
  | undefined
  | false {
  if (begin !== end || last !== end) return undefined
  const isWhole = bins === keysOf(foldEnd) && foldedKeys === keysOf(foldEnd)
  // The number of a fold in this model is that of its rows.
  return isWhole && foldEnd === end ? foldEnd : false
}

/** The possible results of a reader: rows, undefined for none, false for a mix of states. */
function outcomes(
  writer: readonly WriterStep[],
  reader: readonly ReaderStep[],
  rowsOf: (loaded: Loaded) => number | undefined | false,
): Set<unknown> {
  const all = new Set<unknown>()
  for (const { loaded, executed } of explore(writer, reader)) {
    const rows = rowsOf(loaded)
    all.add(rows)
    // Stop at the first mix, since without the right order there are very many states.
    if (rows === false) break
    const done = writer.slice(0, executed).filter((step) => 'word' in step && step.word === 'rows')
    if (rows !== undefined && writer === ROWS)
      assert.ok(rows <= done.length, 'more rows than recorded')
  }
  return all
}

test('a copy of what folds counted is whole in every order that ARM64 permits', () => {
  assert.deepEqual([...outcomes(FOLDS, COPY, copiedRows)].sort(), [0, 1, 2, 3, undefined])
})

const WEAKER: Readonly<Record<string, [readonly WriterStep[], readonly ReaderStep[]]>> = {
  'a plain store at the begin of a fold': [withPlainStore('begin'), COPY],
  'no atomic load behind it': [FOLDS.filter(({ kind }) => kind !== 'acquire'), COPY],
  'a plain store at the end of a fold': [withPlainStore('end'), COPY],
  'a plain load of the end': [FOLDS, [{ kind: 'load', words: ['end'] }, ...COPY.slice(1)]],
  'an atomic load behind the copy, which loads of the copy may pass': [
    FOLDS,
    [...COPY.slice(0, 3), { kind: 'acquire', word: 'begin' }],
  ],
}

function withPlainStore(word: string): WriterStep[] {
  return FOLDS.map((step) => {
    return step.kind === 'release' && step.word === word ? store(word, step.value) : step
  })
}

for (const [what, [writer, reader]] of Object.entries(WEAKER)) {
  test(`a copy may mix two folds with ${what}`, () => {
    assert.ok(outcomes(writer, reader, copiedRows).has(false))
  })
}

const TAIL = ['rows', 'rowsBegun', 'keys', 'duration 1'] as const
const WAIT: ReaderStep = { kind: 'wait' }
const TAIL_READ: readonly ReaderStep[] = [
  { kind: 'load', words: TAIL },
  WAIT,
  { kind: 'load', words: TAIL },
]

/** As `copiedRows`, for the rows after the last fold. */
function tailRows(loaded: Loaded): number | undefined | false {
  const [rows, rowsBegun] = loaded
  const isBegun = rowsBegun === loaded[TAIL.length + 1]
  return isBegun && rows === rowsBegun ? tailRowsBegun(loaded) : undefined
}

/** As `tailRows`, without a check of `rowsBegun`. */
function tailRowsBegun(loaded: Loaded): number | undefined | false {
  const [rows, , keys, ...durations] = loaded.slice(0, TAIL.length)
  const [rowsAgain, , keysAgain, ...durationsAgain] = loaded.slice(TAIL.length)
  const used = rows > 0 ? durations : []
  const isSame = used.every((duration, row) => duration === durationsAgain[row])
  if (rows !== rowsAgain || keys !== keysAgain || !isSame) return undefined
  const isWhole = used.every((duration, row) => duration === row + 1)
  return isWhole && keys === keysOf(rows) ? rows : false
}

test('rows after the last fold are whole in every order that ARM64 permits, wherever the writer is suspended', () => {
  assert.deepEqual([...outcomes(ROWS, TAIL_READ, tailRows)].sort(), [0, 1, 2, undefined])
})

test('rows after the last fold may be wrong when they are read only once', () => {
  const atOnce = TAIL_READ.filter((step) => step !== WAIT)
  assert.ok(outcomes(ROWS, atOnce, tailRows).has(false))
})

test('rows after the last fold may be wrong without a check of rowsBegun', () => {
  assert.ok(outcomes(ROWS, TAIL_READ, tailRowsBegun).has(false))
})

const BOTH = ['rows', 'rowsBegun', 'keys', 'foldEnd'] as const
const BOTH_READ: readonly ReaderStep[] = [
  { kind: 'load', words: BOTH },
  WAIT,
  { kind: 'acquire', word: 'end' },
  { kind: 'acquire', word: 'begin' },
  { kind: 'load', words: ['foldEnd', 'foldedKeys'] },
  { kind: 'exchange', word: 'begin' },
  { kind: 'load', words: BOTH },
]

test('rows on both sides of a fold are counted once in every order that ARM64 permits', () => {
  const writer = [...record(1), ...fold(1, 1), ...record(2)].filter((step) => {
    // Two tests above cover these words.
    return !('word' in step && (step.word === 'bins' || step.word.startsWith('duration')))
  })
  const rowsOf = (loaded: Loaded) => {
    const [rows, rowsBegun, keys, foldEnd, end, begin, folded, foldedKeys, last, ...again] = loaded
    if (end !== begin || end !== last) return undefined
    const isSettled = [rows, rowsBegun, keys, foldEnd].every((value, at) => value === again[at])
    if (!isSettled || rows !== rowsBegun || foldEnd !== folded) {
      return foldedKeys === keysOf(folded) ? folded : false
    }
    return keys === keysOf(rows) && foldEnd <= rows ? rows : false
  }
  assert.deepEqual([...outcomes(writer, BOTH_READ, rowsOf)].sort(), [0, 1, 2, undefined])
})
