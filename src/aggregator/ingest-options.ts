import type { MoonmeterError } from '../errors.js'

/** Options of `EngineAggregator.ingest`. */
export interface IngestOptions {
  /** Index of the engine; required for vLLM's rows, while a report contains it. */
  readonly engine?: number
  /** Instance of the engine, for rows; a report contains it. Default: none. */
  readonly instance?: string
}

/** What became of a payload. */
export type IngestResult =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly error: MoonmeterError }
