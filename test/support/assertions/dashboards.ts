/** The place of a panel on the grid of 24 columns. */
export interface GridPos {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** A query of a panel. */
export interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat: string
  readonly instant: boolean
  readonly range: boolean
  readonly datasource: unknown
}

/** A panel, or a row, which contains its panels if it is collapsed. */
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: unknown
  readonly gridPos: GridPos
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly Target[]
  readonly collapsed?: boolean
  readonly panels?: readonly Panel[]
}

/** A variable of a dashboard. */
export interface Variable {
  readonly name: string
  readonly type: string
  readonly query: string
  readonly multi: boolean
  readonly includeAll: boolean
  readonly allValue?: string
}

/** The selected values of each variable; All by default. */
export type Selection = Readonly<Record<string, readonly string[]>>

/** The properties of a Grafana dashboard that tests read. */
export interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}

/** The panels of all rows, expanded or collapsed, without the rows. */
export function panelsOf({ panels }: Pick<Dashboard, 'panels'>): Panel[] {
  return panels
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .filter(({ type }) => type !== 'row')
}

/** The queries of all panels, each with the title of its panel. */
export function targetsOf(dashboard: Dashboard): (Target & { readonly title: string })[] {
  return panelsOf(dashboard).flatMap(({ title, targets = [] }) => {
    return targets.map((target) => ({ ...target, title }))
  })
}

/**
 * A query with its variables replaced, as by Grafana's data source for Prometheus: one value is
 * escaped for a regular expression in a string, several are alternatives, and All is its
 * `allValue`.
 *
 * @param builtIn variables that the dashboard does not define
 * @see https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
 */
export function interpolate(
  query: string,
  { templating }: Dashboard,
  builtIn: Readonly<Record<string, string>>,
  selected: Selection = {},
): string {
  return query.replace(/\$(\w+)|\$\{(\w+)\}/g, (_, bare?: string, braced?: string) => {
    const name = bare ?? braced ?? ''
    const variable = templating.list.find((variable) => variable.name === name)
    const values = selected[name]?.map(escapeForString)
    const value = builtIn[name] ?? (values === undefined ? variable?.allValue : join(values))
    if (value === undefined) throw new Error(`${query}: no variable ${name}`)
    return value
  })
}

function join(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `(${values.join('|')})`
}

function escapeForString(value: string): string {
  return value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')
}
