/** The version of the stream. Readers reject other versions. */
export const STREAM_VERSION = 1

/** The first event of a stream, `hello`. */
export interface LiveHello {
  /** Always `moonmeter`, so that a reader can identify the server. */
  readonly service: 'moonmeter'
  readonly version: number
  readonly modelName: string
  /** Bucket upper bounds in seconds, which the bins depend on. */
  readonly bounds: readonly number[]
  /** Milliseconds between two updates. */
  readonly intervalMs: number
  /**
   * Whether the stream continues after the last event of the reader. Otherwise the reader drops its
   * data, and events `history` follow.
   */
  readonly isResumed: boolean
}

/** An interval as JSON. */
export interface IntervalMessage {
  readonly fromMs: number
  readonly toMs: number
  readonly sources: readonly string[]
  /** Operation and status of each name. */
  readonly names: readonly (readonly [operation: string, status: string])[]
  /** The bytes of `LiveInterval.series` in base64. */
  readonly series: string
  /** Restarts in the interval by engine; absent without restarts. */
  readonly restarts?: Readonly<Record<string, number>>
  /** Payloads rejected in the interval by reason; absent without rejections. */
  readonly rejections?: Readonly<Record<string, number>>
}

/** One engine at the end of an update. */
export interface EngineState {
  /** Its name (`sourceName`). */
  readonly source: string
  readonly up: boolean
  /**
   * False if the engine has ended on purpose: no further reports are expected. Absent for others,
   * and from servers of earlier versions.
   */
  readonly open?: false
  /** The newest incarnation. */
  readonly incarnation: number
  /** When the last payload was accepted, in milliseconds since 1970; null before the first. */
  readonly lastReportMs: number | null
  /** Restarts by the pool so far, for all reasons. */
  readonly restarts: number
  /** Rows over all incarnations. */
  readonly rows: number
}

/** The state of the aggregator at the end of an interval. */
export interface LiveState {
  /** When the snapshot was taken, in milliseconds since 1970. */
  readonly timestampMs: number
  /** The engines, sorted by instance and index. */
  readonly engines: readonly EngineState[]
  /** Payloads rejected so far, by reason; reasons without any are left out. */
  readonly rejections: Readonly<Record<string, number>>
}

/** An event `update`, one per interval. A reader that reconnects sends the event's `id`. */
export interface UpdateMessage {
  /** Absent in the first update of a server, because there is no earlier snapshot. */
  readonly interval?: IntervalMessage
  readonly state: LiveState
}

/** An event `history`: an interval before the stream began. */
export interface HistoryMessage {
  readonly interval: IntervalMessage
}
