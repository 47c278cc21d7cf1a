import { Random } from '../../src/simulate/random.js'

/** Number of rows made before anything is timed; a power of two, so that a mask wraps the index. */
export const ROW_COUNT = 16_384
const SEED = 20_240_601
const STREAM = 0
/** The approximate duration of a get of a few hundred MB. */
const DURATION_MEDIAN_SECONDS = 0.004
const DURATION_SIGMA = 1.2
const KEYS_MAX = 64
const BYTES_PER_KEY = 167_772
/** Shares of the rows with the status `error`, and with `partial_failure`. */
const ERROR_SHARE = 0.04
const PARTIAL_SHARE = 0.06

/** Columns of rows, each `ROW_COUNT` long; log-normal durations, the same in every run. */
export interface Rows {
  readonly durations: Float64Array
  readonly keys: Float64Array
  readonly bytes: Float64Array
  readonly statuses: readonly string[]
  readonly failedKeys: Float64Array
}

/**
 * `ok`: all rows are ok. `mixed`: 90 % are ok, the others failed completely or partially, at
 * random.
 */
export type StatusMix = 'ok' | 'mixed'

/** Makes the rows of every benchmark. */
export function makeRows(mix: StatusMix): Rows {
  const random = new Random(SEED, STREAM)
  const rows = {
    durations: new Float64Array(ROW_COUNT),
    keys: new Float64Array(ROW_COUNT),
    bytes: new Float64Array(ROW_COUNT),
    statuses: new Array<string>(ROW_COUNT).fill('ok'),
    failedKeys: new Float64Array(ROW_COUNT),
  }
  for (let row = 0; row < ROW_COUNT; row++) {
    const keys = 1 + random.below(KEYS_MAX)
    rows.durations[row] = random.logNormal(DURATION_MEDIAN_SECONDS, DURATION_SIGMA)
    rows.keys[row] = keys
    rows.bytes[row] = keys * BYTES_PER_KEY
    if (mix === 'ok') continue
    const draw = random.uniform()
    if (draw < ERROR_SHARE) {
      rows.statuses[row] = 'error'
      rows.failedKeys[row] = keys
    } else if (draw < ERROR_SHARE + PARTIAL_SHARE) {
      rows.statuses[row] = 'partial_failure'
      rows.failedKeys[row] = Math.ceil(keys / 2)
    }
  }
  return rows
}
