import type { Exemplar, Labels, MetricFamily, SampleShape } from '../metric-family.js'
import { type LineTails, NO_TAILS } from './line-tails.js'

/** Number of lines of a block: their values and places fit into the first-level cache. */
const BLOCK_LINES = 256

/** Some groups of a family that are written together, with their labels and samples. */
export interface LineBlock {
  readonly groups: readonly unknown[]
  /** The labels of each group. */
  readonly labels: readonly Labels[]
  /** The labels of the series of each group. */
  readonly series: readonly (readonly Labels[])[]
  /** The samples of each group. */
  readonly shapes: readonly (readonly SampleShape[])[]
  /** Whether the creation time of a series is a line after those of its samples. */
  readonly hasCreated: boolean
  readonly lineCount: number
}

/** A buffer for the values of a block; shared, used synchronously. */
let values = new Float64Array(BLOCK_LINES)
/**
 * A buffer for the values of one group, before they are copied to its lines, which include lines
 * for creation times; shared, used synchronously.
 */
let groupValues = new Float64Array(BLOCK_LINES)

/** Take the first groups, as many as fit into a block. */
export function takeBlock(
  family: MetricFamily,
  all: readonly unknown[],
  first: number,
  hasCreated: boolean,
): LineBlock {
  const labels: Labels[] = []
  const series: (readonly Labels[])[] = []
  const shapes: (readonly SampleShape[])[] = []
  let lineCount = 0
  let next = first
  while (next < all.length && lineCount < BLOCK_LINES) {
    const group = all[next++]
    const own = family.seriesOf(group)
    const samples = family.shapesOf(group)
    labels.push(family.labelsOf(group))
    series.push(own)
    shapes.push(samples)
    lineCount += own.length * (samples.length + Number(hasCreated))
  }
  return { groups: all.slice(first, next), labels, series, shapes, hasCreated, lineCount }
}

/** The value of each line of a block; valid until another block is read. */
export function readValues(family: MetricFamily, block: LineBlock): Float64Array {
  const { groups, series, shapes, hasCreated, lineCount } = block
  if (values.length < lineCount) values = new Float64Array(lineCount)
  let at = 0
  for (let index = 0; index < groups.length; index++) {
    const group = groups[index]
    const seriesCount = series[index].length
    const shapeCount = shapes[index].length
    if (hasCreated) readWithCreated(family, group, seriesCount, shapeCount, at)
    else family.read(group, values, at)
    at += seriesCount * (shapeCount + Number(hasCreated))
  }
  return values
}

/**
 * The tails of the lines of a block.
 *
 * @param tailOf formats an exemplar; undefined for a format without exemplars
 */
export function readTails(
  family: MetricFamily,
  { groups, series, shapes, hasCreated, lineCount }: LineBlock,
  tailOf: ((shape: SampleShape, exemplar: Exemplar) => Uint8Array | undefined) | undefined,
): LineTails {
  if (tailOf === undefined || family.exemplarOf === undefined) return NO_TAILS
  let tails: (Uint8Array | undefined)[] | undefined
  let line = 0
  for (let index = 0; index < groups.length; index++) {
    const samples = shapes[index]
    for (let one = 0; one < series[index].length; one++) {
      for (let shape = 0; shape < samples.length; shape++, line++) {
        const exemplar = family.exemplarOf(groups[index], one, shape)
        if (exemplar === undefined) continue
        tails ??= new Array(lineCount).fill(undefined)
        tails[line] = tailOf(samples[shape], exemplar)
      }
      line += Number(hasCreated)
    }
  }
  return tails ?? NO_TAILS
}

/** Read the values of a group, with the creation time after those of each series. */
function readWithCreated(
  family: MetricFamily,
  group: unknown,
  seriesCount: number,
  shapeCount: number,
  start: number,
): void {
  const count = seriesCount * shapeCount
  if (groupValues.length < count) groupValues = new Float64Array(count)
  family.read(group, groupValues, 0)
  let from = 0
  let at = start
  for (let series = 0; series < seriesCount; series++) {
    for (let shape = 0; shape < shapeCount; shape++) values[at++] = groupValues[from++]
    values[at++] = family.createdOf?.(group, series) ?? Number.NaN
  }
}
