import {
  CONFLICT,
  type Entry,
  type EntryReader,
  type EntryStore,
} from '../../../src/nats/bucket.js'

/** A bucket in memory that keeps all of its changes. */
export class MemoryBucket {
  readonly #changes: Entry[] = []
  readonly #entries = new Map<string, Entry>()

  /** All changes in their order. */
  get changes(): readonly Entry[] {
    return this.#changes
  }

  /** The current entries, markers included. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  /** The initial entries of a watch after a number of changes: the last change of each key. */
  entriesAfter(count: number): Entry[] {
    const last = new Map<string, Entry>()
    for (const change of this.#changes.slice(0, count)) last.set(change.key, change)
    return [...last.values()].sort((left, right) => left.revision - right.revision)
  }

  /** Writes an entry without a check of its revision. */
  set(key: string, value: Uint8Array | undefined, createdMs = 0): number {
    const entry = { key, value, createdMs, revision: this.#changes.length + 1 }
    this.#changes.push(entry)
    this.#entries.set(key, entry)
    return entry.revision
  }

  /**
   * The interface of the bucket for one client.
   *
   * @param step awaited before and after each request; it rejects if the client has ended
   */
  client(step: () => Promise<unknown>): EntryStore & EntryReader {
    const request = async <Answer>(answer: () => Answer): Promise<Answer> => {
      await step()
      const result = answer()
      await step()
      return result
    }
    const change = (key: string, value: Uint8Array | undefined, revision: number) =>
      (this.#entries.get(key)?.revision ?? 0) === revision ? this.set(key, value) : CONFLICT
    return {
      isConnected: true,
      get: (key) => request(() => this.#entries.get(key)),
      revisions: () =>
        request(
          () => new Map(Array.from(this.#entries.values(), ({ key, revision }) => [key, revision])),
        ),
      put: (key, value, revision) => request(() => change(key, value, revision)),
      delete: (key, revision) =>
        request(() => {
          const changed = change(key, undefined, revision)
          return changed === CONFLICT ? CONFLICT : undefined
        }),
      removeMarker: (key, revision) =>
        request(() => {
          const entry = this.#entries.get(key)
          if (entry?.value === undefined && entry?.revision === revision) this.#entries.delete(key)
        }),
    }
  }
}
