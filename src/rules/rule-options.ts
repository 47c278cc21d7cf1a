import type { NumberOption } from '../options.js'

/** Maximum window of a rule: a year. */
const WINDOW_SECONDS_MAX = 365 * 86_400
/** Minimum window: names of recorded series contain it in whole seconds. */
const WINDOW_SECONDS_MIN = 1

/** The numeric options of the rules: thresholds, and times in seconds. */
export const RULE_NUMBERS = {
  /** The window of rates, counts and p99. */
  windowSeconds: { fallback: 300, min: WINDOW_SECONDS_MIN, max: WINDOW_SECONDS_MAX, integer: true },
  /** The window of an error burst. */
  burstWindowSeconds: {
    fallback: 60,
    min: WINDOW_SECONDS_MIN,
    max: WINDOW_SECONDS_MAX,
    integer: true,
  },
  /** The time before the window that a p99 is compared to. */
  baselineSeconds: {
    fallback: 3_600,
    min: WINDOW_SECONDS_MIN,
    max: WINDOW_SECONDS_MAX,
    integer: true,
  },
  /** The duration of a condition before its alert fires (`for`). */
  forSeconds: { fallback: 120, min: 0, max: WINDOW_SECONDS_MAX, integer: true },
  /** Failed keys per key above which an alert fires. */
  failedKeyRatio: { fallback: 0.05, min: 0, max: 1 },
  /** Minimum keys within the window for the alert on failed keys. */
  keysMin: { fallback: 100, min: 1, max: 1e12, integer: true },
  /** Calls with the status `error` per call above which an alert fires. */
  errorRatio: { fallback: 0.2, min: 0, max: 1 },
  /** Minimum calls with the status `error` within the burst window for the alert on errors. */
  errorsMin: { fallback: 10, min: 1, max: 1e12, integer: true },
  /** Factor of the median p99 over the baseline above which an alert fires. */
  latencyFactor: { fallback: 3, min: 1, max: 1e6 },
  /** Minimum p99 for the alert on latency, in seconds. */
  latencyMinSeconds: { fallback: 0.01, min: 0, max: 3_600 },
  /** Minimum calls within the window for the alert on latency. */
  callsMin: { fallback: 100, min: 1, max: 1e12, integer: true },
  /** Restarts of an engine within the window at which an alert fires. */
  restarts: { fallback: 3, min: 1, max: 1e9, integer: true },
  /** Payloads rejected for a reason within the window at which an alert fires. */
  rejected: { fallback: 1, min: 1, max: 1e12, integer: true },
} as const satisfies Record<string, NumberOption>

/** The complete options of the rules. */
export interface RuleOptions extends Readonly<Record<keyof typeof RULE_NUMBERS, number>> {
  /** The aggregator's option `prefix`; may be empty. */
  readonly prefix: string
  /** The scrape job whose metrics are read; undefined for all. */
  readonly job: string | undefined
  /** Whether to record sums by instance and job. */
  readonly rollUp: boolean
  /**
   * Whether the job is scraped with `honor_labels`, so that `instance` is that of engines, not of
   * targets.
   */
  readonly honorLabels: boolean
}
