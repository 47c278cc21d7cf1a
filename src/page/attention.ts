import type { FindingFormats } from '../live/findings.js'
import type { LiveView } from '../live/live-view.js'
import { printable } from '../live/printable.js'
import { formatMinute, formatPassed } from './times.js'
import { countOf, DURATION_UNITS, formatNumber, formatWithUnit, PERCENT } from './units.js'

/** The formats of findings on the page. */
export const FORMATS: FindingFormats = {
  duration: (seconds) => formatWithUnit(seconds, DURATION_UNITS),
  factor: (factor) => formatNumber(factor),
  percent: (ratio) => formatWithUnit(ratio, PERCENT),
  passed: formatPassed,
  minute: formatMinute,
}

/** The statement in place of findings. */
export function describeNoFindings(view: LiveView): string {
  const { engines, operations, enginesEnded, engineCount, filter } = view
  if (engineCount > 0 && enginesEnded === engineCount) return 'All engines have ended.'
  const isCompared = engines.some(({ p99Ratio }) => p99Ratio !== undefined)
  const engine = filter.source === undefined ? '' : ` of engine ${printable(filter.source)}`
  const parts = [
    `All engines${enginesEnded === 0 ? '' : ' that have not ended'} are up`,
    ...(isCompared ? ['none is slow'] : []),
    ...(operations.length > 0 ? [`no operation${engine} fails`] : []),
  ]
  const last = parts.length > 1 ? `, and ${parts.pop()}` : ''
  return `${parts.join(', ')}${last}.`
}

/** The number of rejected payloads by reason, as text; undefined without rejections. */
export function describeRejections(rejections: LiveView['rejections']): string | undefined {
  const reasons = Object.entries(rejections)
  if (reasons.length === 0) return undefined
  const total = reasons.reduce((sum, [, count]) => sum + count, 0)
  const list = reasons.map(([reason, count]) => `${printable(reason)} ${countOf(count, 'time')}`)
  return `${countOf(total, 'payload')} rejected so far: ${list.join(', ')}`
}
