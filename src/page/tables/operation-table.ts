import { operationFinding } from '../../live/findings.js'
import type { Figures, LiveView, OperationRow } from '../../live/live-view.js'
import { FORMATS } from '../attention.js'
import { BYTE_RATE_UNITS, DURATION_UNITS, PERCENT, RATE_UNITS } from '../units.js'
import type { NumberColumn } from './column.js'
import { LiveTable } from './live-table.js'

/** The common columns of both tables, in order. */
export const FIGURE_COLUMNS: readonly NumberColumn<Figures>[] = [
  {
    kind: 'number',
    key: 'rate',
    title: 'operations',
    scale: RATE_UNITS,
    value: ({ operationsPerSecond }) => operationsPerSecond,
  },
  { kind: 'number', key: 'p50', title: 'p50', scale: DURATION_UNITS, value: ({ p50 }) => p50 },
  { kind: 'number', key: 'p90', title: 'p90', scale: DURATION_UNITS, value: ({ p90 }) => p90 },
  { kind: 'number', key: 'p99', title: 'p99', scale: DURATION_UNITS, value: ({ p99 }) => p99 },
]
/** The column of failed keys. */
export const FAILED_COLUMN: NumberColumn<Figures> = {
  kind: 'number',
  key: 'failed',
  title: 'failed keys',
  scale: PERCENT,
  value: ({ failedKeyRatio }) => failedKeyRatio,
}
/** The heading of trends. */
export const TREND_HINT = 'Operations per second over the window, each row on its own scale from 0'

/** The table of operations. */
export class OperationTable {
  readonly #table: LiveTable<OperationRow>

  constructor(place: HTMLElement, onChoose: (operation: string) => void) {
    this.#table = new LiveTable<OperationRow>({
      caption: 'Operations',
      columns: [
        { kind: 'name', key: 'operation', title: 'operation' },
        ...FIGURE_COLUMNS,
        {
          kind: 'number',
          key: 'keys',
          title: 'keys',
          scale: RATE_UNITS,
          value: ({ keysPerSecond }) => keysPerSecond,
        },
        {
          kind: 'number',
          key: 'bytes',
          title: 'bytes',
          scale: BYTE_RATE_UNITS,
          value: ({ bytesPerSecond }) => bytesPerSecond,
        },
        FAILED_COLUMN,
        {
          kind: 'trend',
          key: 'trend',
          title: 'trend',
          hint: TREND_HINT,
          trend: ({ trend }) => trend,
        },
      ],
      nameOf: ({ operation }) => operation,
      markOf: (row) => operationFinding(row, FORMATS),
      onChoose,
    })
    place.append(this.#table.root)
  }

  update({ operations, filter }: LiveView): void {
    this.#table.update(operations, filter.operation)
  }
}
