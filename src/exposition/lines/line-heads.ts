import type { Labels, SampleShape } from '../metric-family.js'
import { formatLabels } from './text-format.js'

/** The part of a line before its value. */
export interface LineHead {
  readonly text: string
  /** The length of the text in UTF-8. */
  readonly byteLength: number
}

/** The common properties of the lines of a family. */
export interface LineNames {
  /** The name of the samples, before the suffix of each. */
  readonly name: string
  /**
   * The name of the sample with the creation time, the last of each series; undefined without one.
   */
  readonly createdName: string | undefined
  /** Labels to append to each sample that has no label of the same name. */
  readonly extraLabels: Labels
  /** Formats the bound of a bucket, or a quantile. */
  readonly boundOf: (bound: string) => string
}

/** The heads of the lines of some series with common labels. */
export function lineHeads(
  { name, createdName, extraLabels, boundOf }: LineNames,
  commonLabels: Labels,
  series: readonly Labels[],
  shapes: readonly SampleShape[],
): LineHead[] {
  const before = formatLabels(commonLabels)
  const extra = Object.entries(extraLabels)
  return series.flatMap((own) => {
    const missing = extra.filter(
      ([label]) => !Object.hasOwn(commonLabels, label) && !Object.hasOwn(own, label),
    )
    const labels = joinLabels(before, formatLabels(own), formatLabels(Object.fromEntries(missing)))
    const heads = shapes.map(({ suffix, le, quantile }) => {
      const bound = {
        ...(le !== undefined && { le: boundOf(le) }),
        ...(quantile !== undefined && { quantile: boundOf(quantile) }),
      }
      return lineHead(name + suffix, joinLabels(labels, formatLabels(bound)))
    })
    return createdName === undefined ? heads : [...heads, lineHead(createdName, labels)]
  })
}

function lineHead(name: string, labels: string): LineHead {
  const text = `${name}${labels === '' ? '' : `{${labels}}`} `
  return { text, byteLength: Buffer.byteLength(text) }
}

function joinLabels(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',')
}
