/**
 * A model of two threads that share memory under the order of ARM64: a writer that may stop
 * anywhere, and a reader. It tries every order in which the stores may become visible and the loads
 * may be performed.
 *
 * @see https://developer.arm.com/documentation/ddi0487 section B2.3
 */

/** One step of the writer. */
export type WriterStep =
  /** A plain store. */
  | { readonly kind: 'store'; readonly word: string; readonly value: number }
  /** An atomic store (STLR): every store before it becomes visible before it. */
  | { readonly kind: 'release'; readonly word: string; readonly value: number }
  /** An atomic load (LDAR): stores after it become visible after the atomic stores before it. */
  | { readonly kind: 'acquire' }

/** One step of the reader. */
export type ReaderStep =
  /** Plain loads, in any order. */
  | { readonly kind: 'load'; readonly words: readonly string[] }
  /** An atomic load (LDAR): loads after it are performed after it. */
  | { readonly kind: 'acquire'; readonly word: string }
  /** An atomic read-modify-write, which leaves the value: it is in order with all loads. */
  | { readonly kind: 'exchange'; readonly word: string }
  /** Time in which all stores that were executed before become visible. */
  | { readonly kind: 'wait' }

/** The values that the reader loaded, in the order of its steps. */
export type Loaded = readonly number[]

interface State {
  /** Steps that the writer has executed. */
  readonly executed: number
  /** Bits of its stores that are visible. */
  readonly visible: number
  /** Index of the reader's first step that is not complete. */
  readonly step: number
  /** Bits of the loads that were performed. */
  readonly performed: number
  readonly loaded: Loaded
  /** Bits of the stores that have to be visible before the wait is over. */
  readonly awaited: number
}

interface Load {
  readonly word: string
  readonly step: number
}

/**
 * Every result that the reader can get.
 *
 * @returns what was loaded, with the number of the writer's steps that had been executed by then
 */
export function* explore(
  writer: readonly WriterStep[],
  reader: readonly ReaderStep[],
): Generator<{ readonly loaded: Loaded; readonly executed: number }> {
  const before = writer.map((_, index) => storesBefore(writer, index))
  const loads = reader.flatMap((step, index): Load[] => {
    if (step.kind === 'load') return step.words.map((word) => ({ word, step: index }))
    return step.kind === 'wait' ? [] : [{ word: step.word, step: index }]
  })
  const start = { executed: 0, visible: 0, step: 0, performed: 0, awaited: 0 }
  const pending: State[] = [{ ...start, loaded: loads.map(() => 0) }]
  const known = new Set<string>()
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const { executed, visible, performed, awaited, loaded } = state
    const key = `${executed} ${visible} ${state.step} ${performed} ${awaited} ${loaded.join()}`
    if (known.has(key)) continue
    known.add(key)
    if (state.step === reader.length) {
      yield state
      continue
    }
    pending.push(
      ...writerMoves(state, writer, before),
      ...readerMoves(state, writer, reader, loads),
    )
  }
}

/** The states after the writer executes a step, or one of its stores becomes visible. */
function* writerMoves(
  state: State,
  writer: readonly WriterStep[],
  before: readonly number[],
): Generator<State> {
  const { executed, visible } = state
  if (executed < writer.length) yield { ...state, executed: executed + 1 }
  for (let store = 0; store < executed; store++) {
    const isStore = writer[store]?.kind !== 'acquire'
    if (!isStore || has(visible, store) || (before[store] & ~visible) !== 0) continue
    yield { ...state, visible: visible | (1 << store) }
  }
}

/** The states after the reader performs a load of its current step, or has waited. */
function* readerMoves(
  state: State,
  writer: readonly WriterStep[],
  reader: readonly ReaderStep[],
  loads: readonly Load[],
): Generator<State> {
  const { step, performed, loaded, visible, awaited, executed } = state
  if (reader[step].kind === 'wait') {
    // The stores that are executed now are awaited; the lowest bit marks that the wait has begun.
    const stores = storesOf(writer.slice(0, executed))
    const begun = awaited === 0 ? (stores << 1) | 1 : awaited
    if (awaited === 0) yield { ...state, awaited: begun }
    else if (((awaited >>> 1) & ~visible) === 0) yield { ...state, step: step + 1, awaited: 0 }
    return
  }
  // Plain loads may also be performed after a later acquire, but not after an exchange or a wait.
  for (const [index, load] of loads.entries()) {
    if (has(performed, index) || !mayPerform(load.step, state, reader, loads)) continue
    const next = performed | (1 << index)
    const values = loaded.map((value, at) =>
      at === index ? wordOf(writer, visible, load.word) : value,
    )
    yield {
      ...state,
      performed: next,
      loaded: values,
      step: firstIncomplete(next, reader, loads, step),
    }
  }
}

/** Whether the order of the reader's steps permits to perform a load of a step now. */
function mayPerform(
  target: number,
  { step, performed }: State,
  reader: readonly ReaderStep[],
  loads: readonly Load[],
): boolean {
  // All steps before the reader's first incomplete one are complete.
  for (let earlier = step; earlier < target; earlier++) {
    const { kind } = reader[earlier]
    const isPassed = kind === 'load' && reader[target].kind !== 'exchange'
    if (!isPassed && !isComplete(earlier, performed, loads, kind)) return false
  }
  return true
}

function isComplete(
  step: number,
  performed: number,
  loads: readonly Load[],
  kind: ReaderStep['kind'],
): boolean {
  if (kind === 'wait') return false
  return loads.every((load, index) => load.step !== step || has(performed, index))
}

function firstIncomplete(
  performed: number,
  reader: readonly ReaderStep[],
  loads: readonly Load[],
  from: number,
): number {
  let step = from
  while (step < reader.length && isComplete(step, performed, loads, reader[step].kind)) step++
  return step
}

/** Bits of the stores that become visible before the store at an index. */
function storesBefore(writer: readonly WriterStep[], index: number): number {
  const target = writer[index]
  let bits = 0
  if (target.kind === 'acquire') return 0
  for (const [other, step] of writer.slice(0, index).entries()) {
    if (step.kind === 'acquire') continue
    const isSameWord = step.word === target.word
    const isReleased = target.kind === 'release'
    if (isSameWord || isReleased || isFenced(writer, other, index)) bits |= 1 << other
  }
  return bits
}

/** Whether an atomic store at or behind one step, and an atomic load behind that, precede another. */
function isFenced(writer: readonly WriterStep[], from: number, to: number): boolean {
  const release = writer.findIndex(({ kind }, index) => index >= from && kind === 'release')
  if (release < 0) return false
  return writer.slice(release, to).some(({ kind }) => kind === 'acquire')
}

function storesOf(writer: readonly WriterStep[]): number {
  return writer.reduce(
    (bits, { kind }, index) => (kind === 'acquire' ? bits : bits | (1 << index)),
    0,
  )
}

/** The value of a word: that of the last visible store to it. */
function wordOf(writer: readonly WriterStep[], visible: number, word: string): number {
  for (let index = writer.length - 1; index >= 0; index--) {
    const step = writer[index]
    if (step.kind !== 'acquire' && step.word === word && has(visible, index)) return step.value
  }
  return 0
}

function has(bits: number, index: number): boolean {
  return (bits & (1 << index)) !== 0
}
