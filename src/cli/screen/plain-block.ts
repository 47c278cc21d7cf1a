import type { LiveView } from '../../live/live-view.js'
import { TEXT_ENGINES_MAX } from '../summary-tables.js'
import { countOf } from '../units.js'
import type { Condition } from './condition.js'
import type { Controls } from './controls.js'
import { headlineLines, latencyLines } from './headline.js'
import { filterText, noMatchLines } from './picture.js'
import { rejectionLines } from './rejection-lines.js'
import type { Style } from './style.js'
import { engineTable, operationTable } from './tables.js'
import { printable } from '../../live/printable.js'

/** A picture as plain lines, for a file or another program. */
export function plainBlock(
  view: LiveView,
  modelName: string,
  condition: Condition,
  controls: Controls,
  width: number,
  style: Style,
): string[] {
  const time = new Date(view.timestampMs).toISOString()
  const engines = engineTable(view, controls, condition.ageMs, width, style)
  const operations = operationTable(view, width, style)
  const more = engines.rows.length - TEXT_ENGINES_MAX
  return [
    `${time} · ${printable(modelName)} · ${filterText(view)} · ${condition.word}`,
    ...headlineLines(view, condition.ageMs, width, style),
    ...latencyLines(view, width, style),
    operations.heading,
    ...operations.rows.flatMap(({ lines }) => lines()),
    ...(view.operations.length === 0 ? noMatchLines(view, width, style) : []),
    engines.heading,
    ...engines.rows.slice(0, TEXT_ENGINES_MAX).flatMap(({ lines }) => lines()),
    ...(more > 0 ? [`   … and ${countOf(more, 'more engine')}`] : []),
    ...rejectionLines(view, width, style),
  ].map((line) => line.trimEnd())
}
