import type { NumberOption } from '../options.js'

/** A year: no window of a rule is longer. */
const WINDOW_SECONDS_MAX = 365 * 86_400
/** Names of recorded series hold a window in whole seconds. */
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
  /** The past that a p99 is compared to; it ends where the window begins. */
  baselineSeconds: {
    fallback: 3_600,
    min: WINDOW_SECONDS_MIN,
    max: WINDOW_SECONDS_MAX,
    integer: true,
  },
  /** How long the condition of a lasting state holds before its alert fires. */
  forSeconds: { fallback: 120, min: 0, max: WINDOW_SECONDS_MAX, integer: true },
  /** Failed keys per key above which an alert fires. */
  failedKeyRatio: { fallback: 0.05, min: 0, max: 1 },
  /** Fewest keys within the window for that. */
  keysMin: { fallback: 100, min: 1, max: 1e12, integer: true },
  /** Calls with the status `error` per call above which an alert fires. */
  errorRatio: { fallback: 0.2, min: 0, max: 1 },
  /** Fewest calls with the status `error` within the burst window for that. */
  errorsMin: { fallback: 10, min: 1, max: 1e12, integer: true },
  /** Factor from the median of p99 over the baseline above which an alert fires. */
  latencyFactor: { fallback: 3, min: 1, max: 1e6 },
  /** Smallest p99 for that, in seconds. */
  latencyMinSeconds: { fallback: 0.01, min: 0, max: 3_600 },
  /** Fewest calls within the window for that. */
  callsMin: { fallback: 100, min: 1, max: 1e12, integer: true },
  /** Restarts of an engine within the window at which an alert fires. */
  restarts: { fallback: 3, min: 1, max: 1e9, integer: true },
  /** Payloads rejected for a reason within the window at which an alert fires. */
  rejected: { fallback: 1, min: 1, max: 1e12, integer: true },
} as const satisfies Record<string, NumberOption>

/** What the rules are made for; every option is given. */
export interface RuleOptions extends Readonly<Record<keyof typeof RULE_NUMBERS, number>> {
  /** Before the name of each metric, as the option `prefix` of the aggregator; may be empty. */
  readonly prefix: string
  /** The scrape job whose metrics are read; undefined for all. */
  readonly job: string | undefined
  /** Whether engines are added up to instances and jobs. */
  readonly rollUp: boolean
  /** Whether the job is scraped with `honor_labels`: `instance` is then that of engines, not of targets. */
  readonly honorLabels: boolean
}
