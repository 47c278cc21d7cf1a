import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import {
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { PanelSpec, QuerySpec } from './panel-spec.js'
import { DATASOURCE } from './variables.js'

const STAT_HEIGHT = 4
const HEIGHT = 8
const FILL_OPACITY = 10
/**
 * Number of colours of a heat map, and the exponent of the colour scale, with which low counts are
 * visible next to high ones.
 */
const COLOURS = 64
const COLOUR_EXPONENT = 0.5
/** The columns of a table for the labels of an engine, in this order, before its values. */
const COLUMNS = {
  job: 'Job',
  instance: 'Instance',
  exported_instance: 'Exported instance',
  engine: 'Engine',
}

/** The builder of each kind of panel. */
const BUILDERS = { stat, series, heatmap, table } as const satisfies Record<
  PanelSpec['kind'],
  (spec: PanelSpec) => PanelBuilder
>

/** The common type of the panel builders. */
type PanelBuilder = StatBuilder | SeriesBuilder | HeatmapBuilder | TableBuilder

/**
 * Builds a panel without a position, which the dashboard sets.
 *
 * @param description the text about the panel, with the HELP texts of its metrics
 */
export function buildPanel(spec: PanelSpec, id: number, description: string): Builder<Panel> {
  return BUILDERS[spec.kind](spec)
    .id(id)
    .title(spec.title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .span(spec.width)
    .height(spec.kind === 'stat' ? STAT_HEIGHT : HEIGHT)
}

function stat({ queries, steps = [] }: PanelSpec): StatBuilder {
  const colours = [
    { value: null, color: 'green' },
    ...steps.map(({ from, colour }) => ({ value: from, color: colour })),
  ]
  return queries.reduce(
    (panel, query, index) => panel.withTarget(target(query, index).range()),
    new StatBuilder()
      .graphMode(BigValueGraphMode.Area)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(colours)),
  )
}

function series({ queries }: PanelSpec): SeriesBuilder {
  return queries.reduce(
    (panel, query, index) => panel.withTarget(target(query, index).range()),
    new SeriesBuilder()
      .min(0)
      .fillOpacity(FILL_OPACITY)
      .legend(new VizLegendOptionsBuilder().showLegend(true))
      .tooltip(
        new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
      ),
  )
}

function heatmap({ queries, unit }: PanelSpec): HeatmapBuilder {
  return queries.reduce(
    (panel, query, index) => {
      return panel.withTarget(target(query, index).range().format(PromQueryFormat.Heatmap))
    },
    new HeatmapBuilder()
      .color(
        // The builder's initial values are 0 instead of Grafana's defaults.
        new HeatmapColorOptionsBuilder()
          .mode(HeatmapColorMode.Scheme)
          .scheme('Oranges')
          .exponent(COLOUR_EXPONENT)
          .steps(COLOURS),
      )
      .yAxis(new YAxisConfigBuilder().unit(unit)),
  )
}

/** A table with a row for each combination of labels, and a column for each query. */
function table({ queries }: PanelSpec): TableBuilder {
  const panel = queries.reduce(
    (panel, query, index) => {
      return panel.withTarget(target(query, index).instant().format(PromQueryFormat.Table))
    },
    new TableBuilder()
      .withTransformation({ id: 'merge', options: {} })
      .withTransformation({ id: 'organize', options: columns(queries) }),
  )
  return queries.reduce((panel, { name, unit }) => {
    return unit === undefined ? panel : panel.overrideByName(name, [{ id: 'unit', value: unit }])
  }, panel)
}

function columns(queries: readonly QuerySpec[]): object {
  const values = queries.map(({ name }, index) => [`Value #${refId(index)}`, name] as const)
  const renameByName = { ...COLUMNS, ...Object.fromEntries(values) }
  const order = Object.keys(renameByName).map((name, index) => [name, index] as const)
  return {
    renameByName,
    indexByName: Object.fromEntries(order),
    excludeByName: { Time: true },
  }
}

function target({ expression, name }: QuerySpec, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId(index))
    .datasource(DATASOURCE)
    .expr(expression)
    .legendFormat(name)
}

/** The id of a query in its panel: `A` for the first. */
function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}
