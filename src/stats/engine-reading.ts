import type { CellLayout } from './cell-layout.js'
import { ExactSum } from './exact-sum.js'
import { writeFigures } from './figures.js'
import type { SeriesLabels } from './series-labels.js'
import type { SeriesStats } from './series-stats.js'

/** What an exposition shows of the series of one engine. */
export interface EngineReading {
  /** The labels of each series, all of them different. */
  readonly labels: readonly SeriesLabels[]
  /** Their figures, as a `FigureLayout` says. */
  readonly figures: Float64Array
}

/** The figures of one series among others, and its exact sum, so that they can be added up. */
export interface SeriesFigures {
  readonly figures: Float64Array
  /** The number of the series among those of `figures`. */
  readonly index: number
  readonly durationSum: ExactSum
}

/** What an exposition shows of the stats of a series, which may go on changing. */
export function figuresOfStats(stats: SeriesStats): SeriesFigures {
  const { bucketOfSlot, figures: layout } = stats.layout
  const figures = layout.allocate(1)
  const durationSum = new ExactSum()
  durationSum.addSum(stats.durationSum)
  for (let slot = 0; slot < stats.cells.length; slot++) {
    figures[bucketOfSlot[slot]] += stats.cells[slot]
  }
  writeFigures(layout, { ...stats, durationSum }, figures, 0)
  return { figures, index: 0, durationSum }
}

/**
 * What several lives counted of the same series, added up when it is first looked at: a scrape
 * reads all engines at one moment, and works them out as it goes.
 */
export class SummedReading implements EngineReading {
  readonly #layout: CellLayout
  readonly #parts = new Map<SeriesLabels, SeriesFigures[]>()
  #labels: readonly SeriesLabels[] | undefined
  #figures: Float64Array | undefined

  constructor(layout: CellLayout) {
    this.#layout = layout
  }

  get labels(): readonly SeriesLabels[] {
    this.#labels ??= [...this.#parts.keys()]
    return this.#labels
  }

  get figures(): Float64Array {
    this.#figures ??= this.#sum()
    return this.#figures
  }

  /** Add a series, before any is looked at; what is given must not change any more. */
  add(labels: SeriesLabels, series: SeriesFigures): void {
    const known = this.#parts.get(labels)
    if (known === undefined) this.#parts.set(labels, [series])
    else known.push(series)
  }

  #sum(): Float64Array {
    const layout = this.#layout.figures
    const figures = layout.allocate(this.#parts.size)
    let index = 0
    for (const parts of this.#parts.values()) {
      for (const part of parts) this.#add(figures, index, part)
      if (parts.length > 1) {
        const durationSum = new ExactSum()
        for (const part of parts) durationSum.addSum(part.durationSum)
        figures[layout.at(figures, index, layout.durationSum)] = durationSum.toNumber()
      }
      index++
    }
    return figures
  }

  #add(figures: Float64Array, index: number, from: SeriesFigures): void {
    const layout = this.#layout.figures
    for (let figure = 0; figure < layout.length; figure++) {
      const value = from.figures[layout.at(from.figures, from.index, figure)]
      figures[layout.at(figures, index, figure)] += value
    }
  }
}
