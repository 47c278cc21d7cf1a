import { HEAT_ROWS } from '../../../src/live/heat-scale.js'
import type { EngineRow, Figures, LiveView, OperationRow } from '../../../src/live/live-view.js'
import type { TimelinePoint } from '../../../src/live/timeline.js'

/** A time on a boundary of slots. */
export const VIEW_MS = Date.UTC(2026, 0, 2, 14, 5)
const SLOT_MS = 5_000
const POINTS = 60
const KEYS_PER_ROW = 10
const BYTES_PER_ROW = 2e6
/** The row of the heat map of about a millisecond. */
const HEAT_ROW = 80

/** Figures with the given operations per second and p99 in seconds. */
export function figures(rate: number, p99: number, failedKeyRatio = 0): Figures {
  return {
    rows: rate * 300,
    operationsPerSecond: rate,
    keysPerSecond: rate * KEYS_PER_ROW,
    bytesPerSecond: rate * BYTES_PER_ROW,
    failedKeysPerSecond: rate * KEYS_PER_ROW * failedKeyRatio,
    failedKeyRatio,
    ...{ p50: p99 / 100, p90: p99 / 10, p99 },
  }
}

/** An operation with a rate that rises. */
export function operationRow(operation: string, rate: number, p99: number): OperationRow {
  return { operation, ...figures(rate, p99, 0.0025), failure: undefined, trend: rising(rate) }
}

/** An engine that is up and reported half a second before `VIEW_MS`. */
export function engineRow(
  source: string,
  rate: number,
  p99: number,
  change: Partial<EngineRow> = {},
): EngineRow {
  return {
    source,
    state: {
      ...{ source, up: true, incarnation: 1, lastReportMs: VIEW_MS - 500, restarts: 0 },
      rows: rate * 300,
    },
    ...figures(rate, p99),
    ...{ p99Ratio: 1, outlier: undefined, end: undefined, recentRestarts: undefined },
    trend: rising(rate),
    ...change,
  }
}

/** An engine whose p99 is five times that of the others since 14:02 in UTC. */
export function outlierRow(source: string, rate: number, p99: number): EngineRow {
  const ratio = 5.13
  return engineRow(source, rate, p99, {
    p99Ratio: ratio,
    outlier: { ratio, medianSeconds: p99 / ratio, sinceMs: VIEW_MS - 180_000 },
  })
}

/** A view of five minutes in which the rate rises. */
export function liveView(change: Partial<LiveView> = {}): LiveView {
  const engines = change.engines ?? [
    engineRow('0', 735, 0.08),
    engineRow('1', 735, 0.081),
    outlierRow('2', 735, 0.412),
    engineRow('3', 735, 0.079),
  ]
  return {
    filter: { window: '5m' },
    timestampMs: VIEW_MS,
    fromMs: VIEW_MS - POINTS * SLOT_MS,
    coveredMs: POINTS * SLOT_MS,
    headline: figures(2_940, 0.0952, 0.0031),
    enginesUp: engines.filter(({ state }) => state?.up).length,
    enginesEnded: engines.filter(({ end }) => end === 'ended').length,
    engineCount: engines.length,
    lastReportMs: VIEW_MS - 400,
    rejections: {},
    recentRejections: new Map(),
    timeline: Array.from({ length: POINTS }, (_, index) => pointOf(index)),
    operations: [operationRow('load_get', 1_470, 0.085), operationRow('save_put', 1_470, 0.213)],
    engines,
    choices: {
      operations: ['load_get', 'save_put'],
      sources: engines.map(({ source }) => source),
      statuses: ['error', 'ok'],
    },
    ...change,
  }
}

function rising(rate: number): number[] {
  return Array.from({ length: POINTS }, (_, index) => (rate * (index + 1)) / POINTS)
}

function pointOf(index: number): TimelinePoint {
  const rows = 100 * (index + 1)
  const heat = new Float64Array(HEAT_ROWS)
  for (let row = 0; row <= index; row++) heat[HEAT_ROW + row] = rows
  return {
    fromMs: VIEW_MS - (POINTS - index) * SLOT_MS,
    toMs: VIEW_MS - (POINTS - index - 1) * SLOT_MS,
    ...{ rows, numKeys: rows * KEYS_PER_ROW, numBytes: rows * BYTES_PER_ROW },
    numFailedKeys: index === POINTS / 2 ? rows : 0,
    ...{ p50: 0.001, p90: 0.01, p99: 0.1, heat },
    ...{ rowsByOperation: new Map(), rowsBySource: new Map() },
  }
}
