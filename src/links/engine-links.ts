import { MessageChannel } from 'node:worker_threads'
import type { Aggregation } from '../aggregator/aggregation.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal } from '../journal/journal.js'
import type { JournalLayout } from '../journal/journal-layout.js'
import { Connection } from './connection.js'

/** The links to engines in threads of this process: a journal in shared memory and a port each. */
export class EngineLinks {
  readonly #aggregation: Aggregation
  readonly #layout: JournalLayout
  readonly #intervalMs: number
  readonly #connections = new Map<number, Set<Connection>>()

  /** @param intervalMs milliseconds between reports */
  constructor(aggregation: Aggregation, layout: JournalLayout, intervalMs: number) {
    this.#aggregation = aggregation
    this.#layout = layout
    this.#intervalMs = intervalMs
  }

  /**
   * Begin an incarnation of an engine.
   *
   * @returns the end for the engine's thread
   * @throws MoonmeterError `INVALID_ENGINE` past the limit on engines
   */
  connect(engine: number): EngineLink {
    const memory = Journal.allocate(this.#layout)
    const journal = new Journal(memory, this.#layout)
    const local = this.#aggregation.begin(engine, journal)
    const { port1, port2 } = new MessageChannel()
    const connection = new Connection(local, journal, port1, {
      message: (message) => this.#aggregation.receive(local, message),
      close: () => this.#end(engine, connection, 'quiescent'),
    })
    const own = this.#connections.get(engine) ?? new Set()
    this.#connections.set(engine, own.add(connection))
    return {
      engine,
      incarnation: local.incarnation.number,
      journal: memory,
      seriesMax: this.#layout.seriesMax,
      bounds: this.#layout.bins.bounds,
      intervalMs: this.#intervalMs,
      port: port2,
      transferList: [port2],
    }
  }

  /** Ask the running incarnations of an engine to stop. */
  requestStop(engine: number): void {
    for (const connection of this.#connections.get(engine) ?? []) connection.requestStop()
  }

  /** Ask the engines whose reports are overdue for one. */
  requestOverdueReports(): void {
    for (const connections of this.#connections.values()) {
      for (const connection of connections) {
        if (this.#aggregation.isSilent(connection.local)) connection.requestReport()
      }
    }
  }

  /** End the running incarnations of an engine with what they recorded so far. */
  disconnect(engine: number): void {
    for (const connection of [...(this.#connections.get(engine) ?? [])]) {
      connection.close()
      this.#end(engine, connection, 'final')
    }
  }

  /** End all running incarnations with what they recorded so far. */
  close(): void {
    for (const engine of [...this.#connections.keys()]) this.disconnect(engine)
  }

  #end(engine: number, connection: Connection, writer: 'final' | 'quiescent'): void {
    const own = this.#connections.get(engine)
    if (own?.delete(connection) !== true) return
    if (own.size === 0) this.#connections.delete(engine)
    this.#aggregation.end(connection.local, writer)
  }
}
