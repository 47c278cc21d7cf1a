import type { ScenarioName } from '../simulate/scenario.js'
import type { FleetOptions } from './fleet-options.js'
import type { ListenAddress } from './resolve-host.js'
import type { SecretFiles } from './secrets.js'

/** Log formats of the command: readable lines, or pino's JSON. */
export const LOG_FORMATS = ['text', 'json'] as const

/** One of {@link LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Default error rate of generated traffic. */
export const TRAFFIC_ERROR_RATE = 0.01

/**
 * Maximum number of engines for the log line: its exact percentiles take half a second when 4,096
 * engines end.
 */
export const LOGGED_ENGINES_MAX = 1_024

/** The options of `moonmeter simulate`, as commander parses them. */
export interface SimulationOptions extends FleetOptions, SecretFiles {
  readonly engines: number
  readonly threads?: number
  readonly trace?: string
  readonly speed: number | 'max'
  readonly duration: number
  readonly seed: number
  readonly model: string
  readonly blockTokens: number
  readonly bytesPerBlock?: number
  readonly requestRate: number
  readonly errorRate?: number
  readonly faultBurst: number
  readonly latencyFloor: number
  readonly bandwidth: number
  readonly latencySpread: number
  readonly scenario?: ScenarioName
  /** Seconds from the start of the first engine to the fault. */
  readonly scenarioAfter?: number
  /** Length of the fault in seconds; 0 until the end of the run. */
  readonly scenarioFor?: number
  readonly listen: ListenAddress
  /** The instance of the engines, with `--nats`. */
  readonly instance?: string
  /** The published address of the metrics of this process, with `--nats`. */
  readonly metricsAddress?: string
  readonly json?: string
  readonly log?: string
  readonly logFormat: LogFormat
}
