import { messageOf } from '../describe.js'
import { isFinalReport } from '../wire/report.js'
import { CONFLICT, type EntryStore } from './bucket.js'
import { type AddressKey, type EntryKey, encodeAddressKey, encodeKey } from './entry-key.js'
import { decodeFolded } from './folded-entry.js'

/** Milliseconds after which a failed put is retried. */
const RETRY_MS = 1_000

/** Counts of puts. All writers of a connection share one object. */
export interface PutCounts {
  /** Puts that the server acknowledged. */
  puts: number
  /** Puts that failed or were not acknowledged in time. Each is retried with the newest report. */
  putsFailed: number
  /** Engines that no longer report, because an aggregator ended their incarnation. */
  removed: number
  /** The message of the last failure. */
  lastError: string | undefined
}

/** The key of an entry that only one process writes. */
export type OwnKey = (EntryKey & { readonly kind: 'incarnation' }) | AddressKey

/**
 * Writes the entry of one incarnation, or the address of an instance. One put is pending at a time;
 * of the reports that arrive meanwhile, or while the server is unreachable, only the newest is
 * kept.
 *
 * Each put contains the revision that it replaces. A put that was abandoned with its connection may
 * still reach the server, and would otherwise replace a newer report.
 */
export class EntryWriter {
  readonly #bucket: EntryStore
  readonly #key: OwnKey
  readonly #text: string
  readonly #counts: PutCounts
  #revision = 0
  #waiting: Uint8Array | undefined
  #isWriting = false
  #isRemoved = false
  #retry: NodeJS.Timeout | undefined
  /** Called when no report waits. */
  readonly #listeners: (() => void)[] = []

  constructor(bucket: EntryStore, key: OwnKey, counts: PutCounts) {
    this.#bucket = bucket
    this.#key = key
    this.#text = key.kind === 'address' ? encodeAddressKey(key) : encodeKey(key)
    this.#counts = counts
  }

  /** Whether a report that is offered now would be sent immediately. */
  get isReady(): boolean {
    return !this.#isWriting && this.#bucket.isConnected && !this.#isRemoved
  }

  /** Whether all offered reports were acknowledged or abandoned. */
  get isSettled(): boolean {
    return !this.#isWriting && this.#waiting === undefined
  }

  /** Resolves when all offered reports were acknowledged or abandoned. */
  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve()
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  /** Replace the report that waits. */
  offer(report: Uint8Array): void {
    if (this.#isRemoved) return
    this.#waiting = report
    void this.write()
  }

  /** Write the report that waits, if any. Also called after a reconnection. */
  async write(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    clearTimeout(this.#retry)
    while (this.#waiting !== undefined && this.#bucket.isConnected) {
      const report = this.#waiting
      this.#waiting = undefined
      if (await this.#put(report)) continue
      if (this.#isRemoved) {
        this.#waiting = undefined
        break
      }
      this.#waiting ??= report
      this.#retry = setTimeout(() => void this.write(), RETRY_MS)
      // The timer must not keep the process alive.
      this.#retry.unref()
      break
    }
    this.#isWriting = false
    if (this.isSettled) for (const resolve of this.#listeners.splice(0)) resolve()
  }

  /** Stop, without further attempts. */
  close(): void {
    clearTimeout(this.#retry)
    this.#isRemoved = true
  }

  /** Stop, and delete the entry if no other client has written it. */
  async remove(): Promise<void> {
    this.close()
    if (this.#revision > 0) await this.#bucket.delete(this.#text, this.#revision)
  }

  /** @returns whether the report is in the bucket */
  async #put(report: Uint8Array): Promise<boolean> {
    try {
      const key = this.#text
      let revision = await this.#bucket.put(key, report, this.#revision)
      if (revision === CONFLICT) {
        if (!(await this.#findRevision(report))) return false
        revision = await this.#bucket.put(key, report, this.#revision)
      }
      if (revision === CONFLICT) throw new Error(`${key} changes while it is written`)
      this.#revision = revision
      this.#counts.puts++
      return true
    } catch (error) {
      this.#counts.putsFailed++
      this.#counts.lastError = messageOf(error)
      return false
    }
  }

  /**
   * Find the revision to replace after a conflict: the acknowledgement of a put was lost, or the
   * entry was deleted.
   *
   * @returns false if an aggregator has ended the incarnation, so that a further report would not
   * be counted
   */
  async #findRevision(report: Uint8Array): Promise<boolean> {
    const entry = await this.#bucket.get(this.#text)
    if (await this.#isEnded(entry?.value, report)) {
      this.#isRemoved = true
      this.#counts.removed++
      return false
    }
    this.#revision = entry?.revision ?? 0
    return true
  }

  async #isEnded(found: Uint8Array | undefined, report: Uint8Array): Promise<boolean> {
    if (this.#key.kind === 'address') return false
    // An equal last report is from this writer, not from an aggregator.
    if (found !== undefined) return isFinalReport(found) && Buffer.compare(found, report) !== 0
    const { instance, engine, incarnation } = this.#key
    const folded = await this.#bucket.get(encodeKey({ kind: 'folded', instance, engine }))
    return folded?.value !== undefined && decodeFolded(folded.value).contains(incarnation)
  }
}
