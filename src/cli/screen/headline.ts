import { HEADLINE_MS, type LiveView } from '../../live/live-view.js'
import { BYTE_UNITS, formatInteger } from '../units.js'
import { durationText, percentText, threeDigits, withUnit } from './figures.js'
import { sparkline, sparklineFromZero, timeAxis, valuesOn } from './sparkline.js'
import type { Style } from './style.js'
import { columnsOf, fitTo } from './text.js'
import { WINDOWS_MS } from '../../live/live-filter.js'

const MS_PER_SECOND = 1_000
const MS_PER_MINUTE = 60_000
const GAP = 2
const CELLS = 4
/** Minimum width of cells with long texts. */
const LONG_CELL_COLUMNS = 18
/** The labels of the first latency lines. */
const LABELS = ['latency', `last ${HEADLINE_MS / MS_PER_SECOND} s`] as const
const LABEL_COLUMNS = 13
const QUANTILE_NAMES = ['p50', 'p90', 'p99'] as const
const VALUE_COLUMNS = 10
/** Width before the latency charts. */
export const LATENCY_LABEL_COLUMNS = LABEL_COLUMNS + 'p99'.length + VALUE_COLUMNS + GAP

/** Returns two lines: the figures of the last seconds, and their sparklines over the window. */
export function headlineLines(
  view: LiveView,
  ageMs: number,
  width: number,
  style: Style,
): [string, string] {
  const { headline, timeline, enginesUp, enginesEnded, engineCount, filter } = view
  const cell = Math.floor((width + GAP) / CELLS) - GAP
  const axis = timeAxis(timeline, WINDOWS_MS[filter.window], cell)
  const isLong = cell >= LONG_CELL_COLUMNS
  const rates = timeline.map(({ rows, ...point }) => perSecond(rows, point))
  const bytes = timeline.map(({ numBytes, ...point }) => perSecond(numBytes, point))
  const failed = timeline.map(({ numKeys, numFailedKeys }) =>
    numKeys > 0 ? numFailedKeys / numKeys : undefined,
  )
  const expected = engineCount - enginesEnded
  const [up, all] = [formatInteger(enginesUp), formatInteger(expected)]
  const ended = enginesEnded === 0 ? '' : `, ${formatInteger(enginesEnded)} ended`
  const engines = [
    ...[`${up} of ${all} engines up${ended}`, `${up} of ${all} up${ended}`],
    ...[`${up}/${all} up${ended}`, `${up}/${all}${ended}`, `${up}/${all} up`],
  ]
  const areAllUp = enginesUp === expected
  const failedPercent = `${percentText(headline.failedKeyRatio)} % failed`
  // The longest text gets the columns that remain.
  const failedCell = cell + ((width + GAP) % CELLS)
  const figures = [
    style.strong(fitTo(`${threeDigits(headline.operationsPerSecond)} ops/s`, cell)),
    style.strong(fitTo(byteRate(headline.bytesPerSecond), cell)),
    style.strong(fitFirst([`${failedPercent} keys`, failedPercent], failedCell)),
    (areAllUp ? style.strong : style.alert)(fitFirst(engines, cell)),
  ]
  const sparklines = [
    style.accent(sparklineFromZero(valuesOn(axis, rates, 'mean'))),
    style.accent(sparklineFromZero(valuesOn(axis, bytes, 'mean'))),
    style.accent(fitTo(sparklineFromZero(valuesOn(axis, failed, 'max')), failedCell)),
    style.faint(fitTo(reportText(view, ageMs, isLong), cell)),
  ]
  const join = (cells: readonly string[]) => cells.join(' '.repeat(GAP))
  return [join(figures), join(sparklines)]
}

/**
 * Returns three lines: a quantile with its value and its sparkline each, on one logarithmic scale.
 */
export function latencyLines(view: LiveView, width: number, style: Style): string[] {
  const { headline, timeline, filter } = view
  const columns = Math.max(1, width - LATENCY_LABEL_COLUMNS)
  const axis = timeAxis(timeline, WINDOWS_MS[filter.window], columns)
  const shown = timeline.flatMap(({ p50, p90, p99 }) => [p50, p90, p99]).filter(isShown)
  const [low, high] = [Math.log(Math.min(...shown)), Math.log(Math.max(...shown))]
  return QUANTILE_NAMES.map((name, line) => {
    const values = valuesOn(
      axis,
      timeline.map((point) => point[name]),
      'max',
    )
    const chart = sparkline(values, (value) =>
      high > low ? (Math.log(Math.max(value, Number.MIN_VALUE)) - low) / (high - low) : 0,
    )
    const label = LABELS[line] ?? `chart ${WINDOWS_MS[filter.window] / MS_PER_MINUTE} min`
    const value = fitTo(durationText(headline[name]), VALUE_COLUMNS, 'right')
    const before = style.faint(fitTo(label, LABEL_COLUMNS)) + name + style.strong(value)
    return `${before}  ${style.accent(chart)}`
  })
}

/** The first text that fits, or the last one cut, padded to the width. */
function fitFirst(texts: readonly string[], columns: number): string {
  return fitTo(texts.find((text) => columnsOf(text) <= columns) ?? texts.at(-1) ?? '', columns)
}

/** Formats bytes per second; the smallest unit is also named. */
function byteRate(bytesPerSecond: number): string {
  const text = withUnit(bytesPerSecond, BYTE_UNITS)
  return text.includes(' ') ? `${text}/s` : `${text} B/s`
}

/** The age of the last report, relative to the time of the drawn data. */
function reportText(
  { lastReportMs, timestampMs }: LiveView,
  ageMs: number,
  isLong: boolean,
): string {
  if (lastReportMs === null) return 'no report yet'
  const text = secondsAgo(timestampMs - lastReportMs + ageMs)
  const long = `last report ${text} ago`
  return isLong && columnsOf(long) <= LONG_CELL_COLUMNS + 2 ? long : `${text} ago`
}

/** Formats a period: tenths of seconds below ten seconds, and minutes and hours for long ones. */
export function secondsAgo(ms: number): string {
  const seconds = Math.max(0, ms) / MS_PER_SECOND
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 100) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`
}

function perSecond(count: number, { fromMs, toMs }: { fromMs: number; toMs: number }): number {
  return (count * MS_PER_SECOND) / (toMs - fromMs)
}

function isShown(value: number | undefined): value is number {
  return value !== undefined && value > 0
}
