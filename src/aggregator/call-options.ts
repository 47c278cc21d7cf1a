import type { MoonmeterError } from '../errors.js'

/** Options of `EngineAggregator.disconnect`. */
export interface DisconnectOptions {
  /** Whether the engine's series stay (default) or go. */
  readonly series?: 'keep' | 'drop'
}

/** Options of `EngineAggregator.ingest`. */
export interface IngestOptions {
  /** Index of the engine it is of; a report says it itself. */
  readonly engine?: number
}

/** What became of a payload. */
export type IngestResult =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly error: MoonmeterError }
