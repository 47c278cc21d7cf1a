import { RULE_NUMBERS } from '../rules/rule-options.js'
import { type EngineRow, type LiveView, type OperationRow, RESTARTING_MS_MAX } from './live-view.js'
import { printable } from './printable.js'

/** Restarts within the window from which an engine needs attention: those of the alert rule. */
export const RESTARTS_MIN = RULE_NUMBERS.restarts.fallback
/** Rejected payloads within the window from which they need attention: those of the alert rule. */
const REJECTED_MIN = RULE_NUMBERS.rejected.fallback

/** What needs attention, most urgent first. */
const KINDS = ['down', 'restarting', 'failing', 'slow', 'rejected'] as const

/** Something that needs attention, with the reason. */
export interface Finding {
  readonly kind: (typeof KINDS)[number]
  /** The engine or operation that it is about; undefined for rejected payloads. */
  readonly subject: Subject | undefined
  /** The reason in words, which follows the name of the subject. */
  readonly reason: string
}

/** An engine or an operation. */
export interface Subject {
  readonly kind: 'engine' | 'operation'
  readonly name: string
}

/** The formats of the figures in reasons, with units. */
export interface FindingFormats {
  readonly duration: (seconds: number | undefined) => string
  readonly factor: (factor: number) => string
  /** Formats a ratio from 0 to 1. */
  readonly percent: (ratio: number) => string
  readonly passed: (ms: number) => string
  /** Formats a time in milliseconds since 1970 as time of day. */
  readonly minute: (timestampMs: number) => string
}

/** All findings, the most urgent first. */
export function findingsOf(view: LiveView, formats: FindingFormats): Finding[] {
  const { engines, operations, timestampMs } = view
  const slowest = engines.toSorted((one, other) => ratioOf(other) - ratioOf(one))
  const findings = [
    ...slowest.map((row) => engineFinding(row, timestampMs, formats)),
    ...operations.map((row) => operationFinding(row, formats)),
    rejectionFinding(view, formats),
  ].filter((finding) => finding !== undefined)
  return findings.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind))
}

/** The finding of an engine; undefined for one that needs no attention. */
export function engineFinding(
  row: EngineRow,
  timestampMs: number,
  { duration, factor, passed, minute }: FindingFormats,
): Finding | undefined {
  const { source, state, end, outlier, recentRestarts, p99 } = row
  if (state === undefined || end !== undefined) return undefined
  const subject: Subject = { kind: 'engine', name: source }
  const { up, lastReportMs } = state
  const { count: restarts, sinceMs = 0 } = recentRestarts ?? { count: 0 }
  const restarted = `restarted ${times(restarts)} since ${minute(sinceMs)}`
  if (isRestarting(row, timestampMs)) return { kind: 'restarting', subject, reason: restarted }
  if (!up) {
    const reason =
      lastReportMs === null
        ? 'down: it has not reported yet'
        : `down: its last report was ${passed(timestampMs - lastReportMs)} ago`
    return { kind: 'down', subject, reason: restarts > 0 ? `${reason}, ${restarted}` : reason }
  }
  if (outlier === undefined) return undefined
  const reason =
    `p99 ${duration(p99)}, ${factor(outlier.ratio)} × the median of the other engines ` +
    `since ${minute(outlier.sinceMs)}`
  return { kind: 'slow', subject, reason }
}

/**
 * Whether an engine restarts repeatedly. It holds while the engine is down between two incarnations,
 * so that the finding does not change with each crash.
 */
export function isRestarting({ state, recentRestarts }: EngineRow, timestampMs: number): boolean {
  if (state === undefined || (recentRestarts?.count ?? 0) < RESTARTS_MIN) return false
  return state.up || timestampMs - (state.lastReportMs ?? timestampMs) < RESTARTING_MS_MAX
}

/** The finding of an operation; undefined for one that needs no attention. */
export function operationFinding(
  { operation, failure }: OperationRow,
  { percent, minute }: FindingFormats,
): Finding | undefined {
  if (failure === undefined) return undefined
  const { failedKeyRatio, sinceMs } = failure
  return {
    kind: 'failing',
    subject: { kind: 'operation', name: operation },
    reason: `failed for ${percent(failedKeyRatio)} of its keys since ${minute(sinceMs)}`,
  }
}

/** The finding of payloads that were rejected within the window; undefined without any. */
export function rejectionFinding(
  { recentRejections }: LiveView,
  { minute }: FindingFormats,
): Finding | undefined {
  const growths = [...recentRejections]
  const total = growths.reduce((sum, [, { count }]) => sum + count, 0)
  if (total < REJECTED_MIN) return undefined
  const sinceMs = Math.min(...growths.map(([, growth]) => growth.sinceMs))
  const reasons = growths.map(([reason, { count }]) => `${printable(reason)} ${times(count)}`)
  return {
    kind: 'rejected',
    subject: undefined,
    reason: `rejected ${times(total)} since ${minute(sinceMs)}: ${reasons.join(', ')}`,
  }
}

/**
 * The place of an engine in a table without another order: those that need attention first, the most
 * urgent at the top, and those that ended or were dropped last.
 */
export function engineRank(row: EngineRow, finding: Finding | undefined): number {
  if (finding !== undefined) return KINDS.indexOf(finding.kind)
  return row.end === undefined ? KINDS.length : KINDS.length + 1
}

function times(count: number): string {
  return `${count.toLocaleString('en-US')} time${count === 1 ? '' : 's'}`
}

function ratioOf({ outlier }: EngineRow): number {
  return outlier?.ratio ?? 0
}
