import type { MessagePort } from 'node:worker_threads'
import type { ExtraMetric } from '../catalogue.js'

/**
 * What an engine thread needs to record for an aggregator: plain data for `workerData` or a
 * message, with `transferList` as the transfer list.
 */
export interface EngineLink {
  /** The engine's index, which becomes the `engine` label. */
  readonly engine: number
  /** The number of this incarnation, one more than that of the engine's last. */
  readonly incarnation: number
  /** The memory the recorder writes and the aggregator reads. */
  readonly journal: SharedArrayBuffer
  /** Series the journal has room for. */
  readonly seriesMax: number
  /** Bucket upper bounds in seconds. */
  readonly bounds: readonly number[]
  /** Operations that have places in the journal before there are rows of them. */
  readonly operations: readonly string[]
  /** Metrics beside vLLM's that the aggregator asks for. */
  readonly extraMetrics: readonly ExtraMetric[]
  /** Milliseconds between reports. */
  readonly intervalMs: number
  /** The port that reports are posted to. */
  readonly port: MessagePort
  /** What must be moved, not copied, to the engine's thread. */
  readonly transferList: MessagePort[]
}
