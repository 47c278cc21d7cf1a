import type { MoonmeterError } from '../errors.js'

/** Options of `EngineAggregator.ingest`. */
export interface IngestOptions {
  /** Index of the engine; required for vLLM's rows, optional for a report, which contains it. */
  readonly engine?: number
  /** Instance of the engine, for rows; a report contains its own. Default: none. */
  readonly instance?: string
}

/** The result of `EngineAggregator.ingest`. */
export type IngestResult =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly error: MoonmeterError }
