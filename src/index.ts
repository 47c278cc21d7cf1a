export type { IngestOptions, IngestResult } from './aggregator/ingest-options.js'
export {
  DURATION_BOUNDS_SECONDS,
  type ExtraCounts,
  type ExtraMetric,
  type RowCounter,
  type RowCounts,
} from './catalogue.js'
export {
  type AnyEngineAggregator,
  type CloseOptions,
  type DisconnectOptions,
  EngineAggregator,
} from './engine-aggregator.js'
export type { AggregatorOptions } from './engine-aggregator-options.js'
export { MoonmeterError, type MoonmeterErrorCode, type RejectionReason } from './errors.js'
export type { ShapeOptions } from './exposition/families/family-shape.js'
export type { LabelValue } from './exposition/families/label-options.js'
export type { EngineLabel } from './exposition/families/source-labels.js'
export type { FormatName } from './exposition/formats.js'
export type { EngineLink } from './journal/engine-link.js'
export { KVConnectorLogging, type LoggingOptions } from './logging/kv-connector-logging.js'
export {
  MooncakeStorePromMetrics,
  type PromMetricsOptions,
} from './mooncake-store-prom-metrics.js'
export type { RestartOptions } from './pool/backoff.js'
export type { EngineOutcome, ExitReason } from './pool/engine-outcome.js'
export { EnginePool, type PoolEvents, type PoolOptions } from './pool/engine-pool.js'
export type { EngineContext, EngineFunction } from './pool/engine-thread.js'
export type { OperationRecorder } from './recorder/operation-recorder.js'
export type { Recorder, RecordOptions } from './recorder/recorder.js'
export type { DefaultRegistry } from './registry/create-registry.js'
export type { MetricsRegistry } from './registry/metrics-registry.js'
export type { AuthorizationOptions } from './server/authorization.js'
export type { ContentEncoding } from './server/content-encoding.js'
export type { PathOptions } from './server/endpoint-paths.js'
export type { ListenOptions } from './server/listen-options.js'
export { type MetricsHandler, metricsHandler } from './server/metrics-handler.js'
export type { MetricsHandlerOptions, MetricsSource } from './server/metrics-handler-options.js'
export { listen, type MetricsServer } from './server/metrics-server.js'
export {
  type ScrapeTargetSource,
  type ServiceDiscoveryOptions,
  serviceDiscoveryHandler,
} from './server/service-discovery-handler.js'
export type { DurationBin, SeriesData, SeriesSnapshot } from './snapshot/series-snapshot.js'
export type { Snapshot, SnapshotData } from './snapshot/snapshot.js'
export type { SourceData, SourceHealth, SourceSnapshot } from './snapshot/source-snapshot.js'
export type { ScrapeTarget } from './source-identity.js'
export type {
  ConnectorStats,
  ConnectorStatsOptions,
  LabelledSeries,
} from './stats/connector-stats.js'
export type { Exemplar } from './stats/exemplar.js'
export type { OperationStats } from './stats/operation-stats.js'
export type { SeriesName } from './stats/packed-series.js'
export type { Quantile } from './stats/quantile.js'
export type { Row, RowOptions } from './stats/row.js'
export type { SeriesStats } from './stats/series-stats.js'
export { MooncakeStoreConnectorStats } from './wire/mooncake-store-connector-stats.js'
export type { PayloadRow, PayloadRows } from './wire/rows.js'
