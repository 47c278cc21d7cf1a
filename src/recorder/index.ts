/** What an engine thread loads: no HTTP, no Prometheus client, no pool. */
export { MoonmeterError, type MoonmeterErrorCode } from '../errors.js'
export type { EngineLink } from '../journal/engine-link.js'
export type { RowOptions } from '../stats/row.js'
export { createRecorder } from './create-recorder.js'
export { type InstrumentOptions, instrumentStore } from './instrument-store.js'
export type { OperationRecorder } from './operation-recorder.js'
export type { Recorder, RecorderOptions } from './recorder.js'
