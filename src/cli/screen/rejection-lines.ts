import { rejectionFinding } from '../../live/findings.js'
import type { LiveView } from '../../live/live-view.js'
import { printable } from '../../live/printable.js'
import { formatInteger } from '../units.js'
import { FORMATS } from './finding-formats.js'
import type { Style } from './style.js'
import { cutTo } from './text.js'

/** The line about rejected payloads, red if there were any within the window; none without any. */
export function rejectionLines(view: LiveView, width: number, style: Style): string[] {
  const finding = rejectionFinding(view, FORMATS)
  if (finding !== undefined) return [style.alert(cutTo(`! Payloads ${finding.reason}`, width))]
  const rejected = Object.entries(view.rejections)
  if (rejected.length === 0) return []
  const reasons = rejected.map(([reason, count]) => `${printable(reason)} ${formatInteger(count)}`)
  return [style.faint(cutTo(`  Payloads rejected so far: ${reasons.join(', ')}`, width))]
}
