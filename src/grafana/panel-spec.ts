/** One query of a panel. */
export interface QuerySpec {
  /** In PromQL, with variables of Grafana. */
  readonly expression: string
  /** The name of its series, with labels in `{{}}`; the title of its column in a table. */
  readonly name: string
  /** The unit of its column, where a table has several. */
  readonly unit?: Unit
}

/** Units of Grafana that the panels have. */
type Unit = 'short' | 'none' | 's' | 'binBps' | 'ops' | 'cps' | 'percentunit'

/** The value from which on a panel has a colour. */
interface ColourStep {
  readonly from: number
  readonly colour: 'green' | 'yellow' | 'red'
}

/** What a panel is, without its place. */
export interface PanelSpec {
  readonly kind: 'stat' | 'series' | 'heatmap' | 'table'
  readonly title: string
  /** What it shows and how to read it; HELP of its metrics is added. */
  readonly what: string
  readonly unit: Unit
  /** Columns of the 24 that a dashboard has. */
  readonly width: number
  readonly queries: readonly QuerySpec[]
  /** Colours of a `stat`, ascending; green below the first. */
  readonly steps?: readonly ColourStep[]
}

/** A row of panels below a title. */
export interface RowSpec {
  readonly title: string
  /** Whether it is closed at first: Grafana then runs none of its queries. */
  readonly collapsed?: boolean
  readonly panels: readonly PanelSpec[]
}

/** A panel of lines over time, of one query. */
export function seriesPanel(
  spec: Pick<PanelSpec, 'title' | 'what' | 'unit' | 'width'>,
  expression: string,
  name: string,
): PanelSpec {
  return { ...spec, kind: 'series', queries: [{ expression, name }] }
}
