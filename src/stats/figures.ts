import type { CellLayout } from './cell-layout.js'
import { addPackedCells } from './packed-cells.js'
import type { SeriesSnapshot } from './series-snapshot.js'

/**
 * Write the figures of a series to where zeros are.
 *
 * @param index number of the series among those of `figures`
 * @returns its rows, or NaN where its cells are not of the layout
 */
export function writeFigures(
  layout: CellLayout,
  series: Omit<SeriesSnapshot, 'operation' | 'status' | 'rows'>,
  figures: Float64Array,
  index: number,
): number {
  const { buckets, histogram, durationSum, count, rows, keys, bytes, failedKeys } = layout.figures
  const start = index * histogram
  const counted = addPackedCells(figures, series.cells, layout.bucketOfSlot, start)
  for (let bucket = start + 1; bucket < start + buckets; bucket++) {
    figures[bucket] += figures[bucket - 1]
  }
  figures[start + durationSum] = series.durationSum.toNumber()
  figures[start + count] = counted
  figures[layout.figures.at(figures, index, rows)] = counted
  figures[layout.figures.at(figures, index, keys)] = series.numKeys
  figures[layout.figures.at(figures, index, bytes)] = series.numBytes
  figures[layout.figures.at(figures, index, failedKeys)] = series.numFailedKeys
  return counted
}

/** The figures of many series. */
export function figuresOf(layout: CellLayout, all: readonly SeriesSnapshot[]): Float64Array {
  const figures = layout.figures.allocate(all.length)
  for (const [index, series] of all.entries()) writeFigures(layout, series, figures, index)
  return figures
}
