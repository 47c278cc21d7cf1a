import type { EngineRow, LiveView } from '../live/live-view.js'
import { formatMinute, formatPassed } from './times.js'
import { countOf, DURATION_UNITS, formatNumber, formatWithUnit } from './units.js'

/** An engine that needs attention, with the reason. */
export interface Finding {
  /** The engine that it is about. */
  readonly source: string
  readonly kind: 'down' | 'slow'
  readonly reason: string
}

/** The finding of a marked engine; undefined for others. */
export function findingOf(row: EngineRow, timestampMs: number): Finding | undefined {
  const { source, state, outlier } = row
  if (state !== undefined && !state.up) {
    const { lastReportMs } = state
    const reason =
      lastReportMs === null
        ? 'down: it has not reported yet'
        : `down: its last report was ${formatPassed(timestampMs - lastReportMs)} ago`
    return { source, kind: 'down', reason }
  }
  if (outlier === undefined) return undefined
  const reason =
    `p99 ${formatWithUnit(row.p99, DURATION_UNITS)}, ${formatNumber(outlier.ratio)} × the median ` +
    `of the other engines, since ${formatMinute(outlier.sinceMs)}`
  return { source, kind: 'slow', reason }
}

/** All findings: engines that are down first, then the slowest. */
export function findingsOf({ engines, timestampMs }: LiveView): Finding[] {
  return engines
    .map((row) => ({ row, finding: findingOf(row, timestampMs) }))
    .filter((one): one is { row: EngineRow; finding: Finding } => one.finding !== undefined)
    .sort((left, right) => urgencyOf(right) - urgencyOf(left))
    .map(({ finding }) => finding)
}

/** The number of rejected payloads by reason, as text; undefined without rejections. */
export function describeRejections(rejections: LiveView['rejections']): string | undefined {
  const reasons = Object.entries(rejections)
  if (reasons.length === 0) return undefined
  const total = reasons.reduce((sum, [, count]) => sum + count, 0)
  const list = reasons.map(([reason, count]) => `${reason} ${countOf(count, 'time')}`)
  return `${countOf(total, 'payload')} rejected so far: ${list.join(', ')}`
}

function urgencyOf({ row, finding }: { row: EngineRow; finding: Finding }): number {
  return finding.kind === 'down' ? Number.POSITIVE_INFINITY : (row.outlier?.ratio ?? 0)
}
