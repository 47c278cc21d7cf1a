/** A store's client that answers synchronously and keeps its state in private fields. */
export class SyncStore {
  readonly existing = [1, 0, 1]
  codes: readonly number[] = [0]
  failure: Error | undefined
  name = 'store'
  #calls = 0

  /** Calls to the store so far. */
  get calls(): number {
    return this.#calls
  }

  set calls(calls: number) {
    this.#calls = calls
  }

  /** The number of calls, returned by a method. */
  callsOfMethod(): number {
    return this.#calls
  }

  batchIsExist(_keys: readonly string[]): readonly number[] {
    this.#calls++
    return this.existing
  }

  batchPut(_keys: readonly string[], _buffers: unknown, _replica?: string): readonly number[] {
    this.#calls++
    if (this.failure !== undefined) throw this.failure
    return this.codes
  }

  batchGet(_keys: readonly string[], _buffers: unknown): readonly number[] {
    this.#calls++
    return this.codes
  }
}
