import type { MessagePort } from 'node:worker_threads'
import type { ExtraMetric } from '../catalogue.js'

/**
 * Connects the recorder of an engine thread to an aggregator. Pass it as plain data in `workerData`
 * or a message, with `transferList` as the transfer list.
 */
export interface EngineLink {
  /** The engine's index, which becomes the `engine` label. */
  readonly engine: number
  /** The number of this incarnation: one more than that of the engine's previous incarnation. */
  readonly incarnation: number
  /** The memory the recorder writes and the aggregator reads. */
  readonly journal: SharedArrayBuffer
  /** Maximum number of series in the journal. */
  readonly seriesMax: number
  /** Bucket upper bounds in seconds. */
  readonly bounds: readonly number[]
  /** Operations that series are reserved for in the journal. */
  readonly operations: readonly string[]
  /** Metrics that the aggregator enables in addition to vLLM's. */
  readonly extraMetrics: readonly ExtraMetric[]
  /** Milliseconds between reports. */
  readonly intervalMs: number
  /** The port that reports are posted to. */
  readonly port: MessagePort
  /** The objects to transfer, not copy, to the engine's thread. */
  readonly transferList: MessagePort[]
}
