import { MessageChannel } from 'node:worker_threads'
import type { Aggregation, AggregationSettings } from '../aggregator/aggregation.js'
import type { LocalIncarnation } from '../aggregator/journal-reads.js'
import type { ExtraMetric } from '../catalogue.js'
import { elapsedMs } from '../elapsed.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { Journal } from '../journal/journal.js'
import type { JournalLayout } from '../journal/journal-layout.js'
import { JournalReader } from '../journal/journal-reader.js'
import { Connection } from './connection.js'

/**
 * Maximum milliseconds of the last read of running recorders. A recorder at full speed publishes
 * its rows within some microseconds, unless the system suspended its thread.
 */
const LAST_READ_MS_MAX = 10
/**
 * Maximum number of such reads, each followed by a read for suspended threads. Both may miss rows
 * if the system resumes the thread between them, which is likely if there are more threads than
 * processors.
 */
const LAST_READS_MAX = 10

/** Settings of the links. */
export interface LinkSettings
  extends Pick<AggregationSettings, 'operations' | 'intervalMs' | 'payloadBytesMax'> {
  readonly extraMetrics: readonly ExtraMetric[]
}

/**
 * The links to engines in threads of this process, each with a journal in shared memory and a port.
 */
export class EngineLinks {
  readonly #aggregation: Aggregation
  readonly #layout: JournalLayout
  readonly #operations: readonly string[]
  readonly #intervalMs: number
  readonly #extraMetrics: readonly ExtraMetric[]
  readonly #payloadBytesMax: number
  readonly #connections = new Map<number, Set<Connection>>()
  /** A buffer for the block of a journal that is read; shared, used synchronously. */
  readonly #copy: Float64Array<ArrayBuffer>

  constructor(aggregation: Aggregation, layout: JournalLayout, settings: LinkSettings) {
    this.#aggregation = aggregation
    this.#layout = layout
    this.#operations = settings.operations
    this.#intervalMs = settings.intervalMs
    this.#extraMetrics = settings.extraMetrics
    this.#payloadBytesMax = settings.payloadBytesMax
    this.#copy = new Float64Array(layout.seriesLength)
  }

  /**
   * Begin an incarnation of an engine.
   *
   * @returns the link for the engine's thread
   * @throws MoonmeterError `INVALID_ENGINE` past the limit on engines
   */
  connect(engine: number): EngineLink {
    const memory = Journal.allocate(this.#layout)
    const journal = new Journal(memory, this.#layout)
    const local = this.#aggregation.begin(engine, new JournalReader(journal, this.#copy))
    const { port1, port2 } = new MessageChannel()
    const connection = new Connection(local, journal, port1, this.#payloadBytesMax, {
      message: (message) => this.#aggregation.receive(local, message),
      flood: () => this.#cutOff(connection),
      close: () => this.#end(connection, 'ended'),
    })
    const own = this.#connections.get(engine) ?? new Set()
    this.#connections.set(engine, own.add(connection))
    return {
      engine,
      incarnation: local.incarnation.number,
      journal: memory,
      seriesMax: this.#layout.seriesMax,
      bounds: this.#layout.bins.bounds,
      operations: this.#operations,
      extraMetrics: this.#extraMetrics,
      intervalMs: this.#intervalMs,
      port: port2,
      transferList: [port2],
    }
  }

  /** Request the running incarnations of an engine to stop. */
  requestStop(engine: number): void {
    for (const connection of this.#connections.get(engine) ?? []) connection.requestStop()
  }

  /** Request reports of the engines whose reports are overdue. */
  requestOverdueReports(): void {
    for (const connections of this.#connections.values()) {
      for (const connection of connections) {
        if (this.#aggregation.isSilent(connection.local)) connection.requestReport()
      }
    }
  }

  /** End the running incarnations of an engine, after a last read of their rows. */
  disconnect(engine: number): void {
    this.#endRunning([...(this.#connections.get(engine) ?? [])])
  }

  /** End all running incarnations, after a last read of their rows. */
  close(): void {
    this.#endRunning([...this.#connections.values()].flatMap((own) => [...own]))
  }

  #endRunning(connections: readonly Connection[]): void {
    for (const connection of connections) {
      connection.close()
      connection.requestReport()
    }
    let unread: readonly LocalIncarnation[] = connections.map(({ local }) => local)
    for (let reads = 0; reads < LAST_READS_MAX && unread.length > 0; reads++) {
      const endMs = elapsedMs() + LAST_READ_MS_MAX
      do {
        unread = this.#aggregation.readRunning(unread)
      } while (unread.length > 0 && elapsedMs() < endMs)
      unread = unread.filter((local) => !this.#aggregation.readHeld(local))
    }
    for (const connection of connections) this.#end(connection, 'read')
  }

  /** Disconnect an engine whose thread posts more than flow control allows. */
  #cutOff(connection: Connection): void {
    this.#endRunning([connection])
    this.#aggregation.reject(
      new MoonmeterError(
        'INVALID_PAYLOAD',
        `engine ${connection.local.source.key.engine}: expected at most two unread reports on its ` +
          "port, got more; it was disconnected; do not post to a link's port",
        { reason: 'flood' },
      ),
    )
  }

  #end(connection: Connection, journal: 'read' | 'ended'): void {
    const engine = Number(connection.local.source.key.engine)
    const own = this.#connections.get(engine)
    if (own?.delete(connection) !== true) return
    if (own.size === 0) this.#connections.delete(engine)
    this.#aggregation.end(connection.local, journal)
    connection.release()
  }
}
