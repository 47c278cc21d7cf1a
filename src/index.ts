export type { AggregatorOptions } from './aggregator/aggregator-options.js'
export type { DisconnectOptions, IngestOptions, IngestResult } from './aggregator/call-options.js'
export { EngineAggregator } from './aggregator/engine-aggregator.js'
export {
  KVConnectorLogging,
  type LoggingOptions,
  type LogLineDetails,
} from './aggregator/kv-connector-logging.js'
export { MoonmeterError, type MoonmeterErrorCode, type RejectionReason } from './errors.js'
export type { EngineLink } from './journal/engine-link.js'
export type { RestartOptions } from './pool/backoff.js'
export type { EngineOutcome, ExitReason } from './pool/engine-outcome.js'
export { EnginePool, type PoolEvents, type PoolOptions } from './pool/engine-pool.js'
export type { EngineContext, EngineFunction } from './pool/engine-thread.js'
export type { MetricsRegistry } from './prometheus/metrics-registry.js'
export {
  MooncakeStorePromMetrics,
  type PromMetricsOptions,
} from './prometheus/mooncake-store-prom-metrics.js'
export type { AuthorizationOptions } from './server/authorization.js'
export { type MetricsSource, metricsHandler } from './server/metrics-handler.js'
export { CellLayout } from './stats/cell-layout.js'
export type { ConnectorStatsOptions } from './stats/connector-stats.js'
export type { Quantile } from './stats/quantile.js'
export type { RowOptions } from './stats/row.js'
export { MooncakeStoreConnectorStats } from './wire/mooncake-store-connector-stats.js'
