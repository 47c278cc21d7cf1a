import { engineFinding, engineRank } from '../../live/findings.js'
import type { EngineRow, LiveView } from '../../live/live-view.js'
import { FORMATS } from '../attention.js'
import type { Sort, SortColumn } from '../page-state.js'
import { formatSeconds } from '../times.js'
import { COUNT, formatCount, SECONDS, TIMES } from '../units.js'
import type { Column } from './column.js'
import { LiveTable } from './live-table.js'
import { FAILED_COLUMN, FIGURE_COLUMNS, TREND_HINT } from './operation-table.js'

const MS_PER_SECOND = 1_000

/** The table of engines. */
export class EngineTable {
  readonly #table: LiveTable<EngineRow>
  #timestampMs = 0

  constructor(
    place: HTMLElement,
    { onChoose, onSort }: { onChoose: (source: string) => void; onSort: (column: string) => void },
  ) {
    const findingOf = (row: EngineRow) => engineFinding(row, this.#timestampMs, FORMATS)
    this.#table = new LiveTable<EngineRow>({
      caption: 'Engines',
      columns: this.#columns(),
      nameOf: ({ source }) => source,
      markOf: findingOf,
      wordOf: ({ end }) => end,
      rankOf: (row) => engineRank(row, findingOf(row)),
      onChoose,
      onSort,
    })
    place.append(this.#table.root)
  }

  update({ engines, filter, timestampMs }: LiveView, sort: Sort | undefined): void {
    this.#timestampMs = timestampMs
    this.#table.update(engines, filter.source, sort)
  }

  #columns(): Column<EngineRow>[] {
    const named = (key: SortColumn, title: string) => ({ key, title })
    return [
      { kind: 'name', ...named('engine', 'engine') },
      ...FIGURE_COLUMNS,
      {
        kind: 'number',
        ...named('ratio', 'p99 vs. others'),
        hint: 'The p99 divided by the median of those of the other engines',
        scale: TIMES,
        value: ({ p99Ratio }) => p99Ratio,
      },
      FAILED_COLUMN,
      {
        kind: 'number',
        ...named('report', 'last report'),
        hint: 'How long ago the engine reported last',
        scale: SECONDS,
        value: ({ state }) =>
          state?.lastReportMs == null
            ? undefined
            : Math.max(0, this.#timestampMs - state.lastReportMs) / MS_PER_SECOND,
        format: (seconds) => formatSeconds(seconds * MS_PER_SECOND),
      },
      {
        kind: 'number',
        ...named('restarts', 'restarts'),
        scale: COUNT,
        value: ({ state }) => state?.restarts,
        format: formatCount,
      },
      {
        kind: 'trend',
        key: 'trend',
        title: 'trend',
        hint: TREND_HINT,
        trend: ({ trend }) => trend,
      },
    ]
  }
}
