import type { RestartCount } from '../prometheus/self-metrics.js'

/** Counts how often engines were brought back, by reason. */
export class Restarts {
  readonly #counts = new Map<string, RestartCount>()

  /** The counts, by engine and reason. */
  get counts(): RestartCount[] {
    return [...this.#counts.values()]
  }

  /** Count one. */
  add(index: number, reason: string): void {
    const engine = String(index)
    const key = JSON.stringify([engine, reason])
    const { labels, count } = this.#counts.get(key) ?? { labels: { engine, reason }, count: 0 }
    this.#counts.set(key, { labels, count: count + 1 })
  }

  /** Forget those of an engine. */
  delete(index: number): void {
    for (const [key, { labels }] of this.#counts) {
      if (labels.engine === String(index)) this.#counts.delete(key)
    }
  }
}
