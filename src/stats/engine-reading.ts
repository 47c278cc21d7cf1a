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

/** Adds up what several lives counted of the same series. */
export class ReadingBuilder {
  readonly #layout: CellLayout
  readonly #series = new Map<SeriesLabels, SeriesFigures>()

  constructor(layout: CellLayout) {
    this.#layout = layout
  }

  /** Add a series; what is given is left as it is. */
  add(labels: SeriesLabels, series: SeriesFigures): void {
    const known = this.#series.get(labels)
    this.#series.set(labels, known === undefined ? series : this.#sum(known, series))
  }

  /** Everything that was added. */
  build(): EngineReading {
    const figures = this.#layout.figures.allocate(this.#series.size)
    for (const [index, series] of [...this.#series.values()].entries()) {
      this.#add(figures, index, series)
    }
    return { labels: [...this.#series.keys()], figures }
  }

  #sum(left: SeriesFigures, right: SeriesFigures): SeriesFigures {
    const figures = this.#layout.figures.allocate(1)
    this.#add(figures, 0, left)
    this.#add(figures, 0, right)
    const durationSum = new ExactSum()
    durationSum.addSum(left.durationSum)
    durationSum.addSum(right.durationSum)
    figures[this.#layout.figures.durationSum] = durationSum.toNumber()
    return { figures, index: 0, durationSum }
  }

  #add(figures: Float64Array, index: number, from: SeriesFigures): void {
    const layout = this.#layout.figures
    for (let figure = 0; figure < layout.length; figure++) {
      const value = from.figures[layout.at(from.figures, from.index, figure)]
      figures[layout.at(figures, index, figure)] += value
    }
  }
}
