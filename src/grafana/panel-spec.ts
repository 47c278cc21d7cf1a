/** One query of a panel. */
export interface QuerySpec {
  /** The query in PromQL, with Grafana's variables. */
  readonly expression: string
  /** The name of its series, with labels in `{{}}`; the title of its column in a table. */
  readonly name: string
  /** The unit of its column in a table. */
  readonly unit?: Unit
}

/** The Grafana units of the panels. */
type Unit = 'short' | 'none' | 's' | 'binBps' | 'ops' | 'cps' | 'percentunit'

/** The smallest value with a colour. */
interface ColourStep {
  readonly from: number
  readonly colour: 'green' | 'yellow' | 'red'
}

/** The description of a panel, without its position. */
export interface PanelSpec {
  readonly kind: 'stat' | 'series' | 'heatmap' | 'table'
  readonly title: string
  /** The text about the panel; the HELP texts of its metrics are appended. */
  readonly what: string
  readonly unit: Unit
  /** The width in columns; a dashboard has 24. */
  readonly width: number
  readonly queries: readonly QuerySpec[]
  /** Colours of a `stat`, ascending; green below the first. */
  readonly steps?: readonly ColourStep[]
}

/** A row of panels below a title. */
export interface RowSpec {
  readonly title: string
  /** Whether the row is collapsed initially, so that Grafana does not run its queries. */
  readonly collapsed?: boolean
  readonly panels: readonly PanelSpec[]
}

/** A time series panel with one query. */
export function seriesPanel(
  spec: Pick<PanelSpec, 'title' | 'what' | 'unit' | 'width'>,
  expression: string,
  name: string,
): PanelSpec {
  return { ...spec, kind: 'series', queries: [{ expression, name }] }
}
