/** The entry for engine threads: it loads no HTTP, no Prometheus client and no pool. */

export type { ExtraMetric, RowCounts } from '../catalogue.js'
export { MoonmeterError, type MoonmeterErrorCode, type RejectionReason } from '../errors.js'
export type { EngineLink } from '../journal/engine-link.js'
export type { RowOptions } from '../stats/row.js'
export { type ConnectOptions, connectRecorder } from './connect-recorder.js'
export {
  createRecorder,
  type RecorderOptions,
  type SinkRecorderOptions,
} from './create-recorder.js'
export { type InstrumentOptions, instrumentStore } from './instrument-store.js'
export type { OperationRecorder } from './operation-recorder.js'
export type { Recorder, RecordOptions } from './recorder.js'
export type { ReportSink } from './report-sink.js'
