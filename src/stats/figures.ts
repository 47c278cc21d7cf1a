import type { CellLayout } from './cell-layout.js'
import type { FigureLayout } from './figure-layout.js'
import { addPackedCells } from './packed-cells.js'
import type { SeriesSnapshot } from './series-snapshot.js'

/**
 * Write the figures of a series to where its rows per bucket stand already, not yet cumulative, and
 * zeros else.
 *
 * @param index number of the series among those of `figures`
 */
export function writeFigures(
  layout: FigureLayout,
  series: Omit<SeriesSnapshot, 'operation' | 'status' | 'cells'>,
  figures: Float64Array,
  index: number,
): void {
  const start = index * layout.histogram
  for (let bucket = start + 1; bucket < start + layout.buckets; bucket++) {
    figures[bucket] += figures[bucket - 1]
  }
  figures[start + layout.durationSum] = series.durationSum.toNumber()
  figures[start + layout.count] = series.rows
  figures[layout.at(figures, index, layout.rows)] = series.rows
  figures[layout.at(figures, index, layout.keys)] = series.numKeys
  figures[layout.at(figures, index, layout.bytes)] = series.numBytes
  figures[layout.at(figures, index, layout.failedKeys)] = series.numFailedKeys
}

/** The figures of many series. */
export function figuresOf(layout: CellLayout, all: readonly SeriesSnapshot[]): Float64Array {
  const figures = layout.figures.allocate(all.length)
  for (const [index, series] of all.entries()) {
    addPackedCells(figures, series.cells, layout.bucketOfSlot, index * layout.figures.histogram)
    writeFigures(layout.figures, series, figures, index)
  }
  return figures
}
