import type { Snapshot } from '../snapshot/snapshot.js'

/** A scrape that began with the first family, as long as it asks one family after the other. */
interface WholeScrape {
  /** Families that asked so far. */
  asked: number
  readonly snapshot: Promise<Snapshot>
}

/**
 * The snapshots that the families of scrapes show.
 *
 * A registry asks all families in one synchronous turn, in their order: they share the snapshot that
 * is taken as the first one asks, so they agree with each other and the engines are read once. Who
 * asks otherwise, such as for one family, gets the snapshot that is taken when the turn has ended.
 * So none shows less than there was when it was asked for.
 */
export class ScrapeSnapshots {
  readonly #families: number
  readonly #read: () => Promise<Snapshot>
  #whole: WholeScrape | undefined
  #later: Promise<Snapshot> | undefined

  /**
   * @param families number of families that a whole scrape asks
   * @param read takes a snapshot
   */
  constructor(families: number, read: () => Promise<Snapshot>) {
    this.#families = families
    this.#read = read
  }

  /** The snapshot for a family, which is asked for now. */
  ask(family: number): Promise<Snapshot> {
    if (family === 0) this.#whole = this.#beginWhole()
    if (this.#whole?.asked !== family) {
      this.#whole = undefined
      return this.#readLater()
    }
    this.#whole.asked++
    return this.#whole.snapshot
  }

  #beginWhole(): WholeScrape {
    const snapshot = this.#read()
    // It is not used where the scrape turns out not to be whole.
    snapshot.catch(() => {})
    const whole: WholeScrape = {
      asked: 0,
      snapshot: Promise.resolve().then(() => {
        if (this.#whole === whole) this.#whole = undefined
        return whole.asked === this.#families ? snapshot : this.#readLater()
      }),
    }
    return whole
  }

  #readLater(): Promise<Snapshot> {
    this.#later ??= Promise.resolve().then(() => {
      this.#later = undefined
      return this.#read()
    })
    return this.#later
  }
}
