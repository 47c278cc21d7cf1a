import type { Page } from 'playwright-core'

/** The unit of a heading or a headline figure, in base units. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ns: 1e-9,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  '/s': 1,
  'k/s': 1e3,
  'M/s': 1e6,
  'B/s': 1,
  'kB/s': 1e3,
  'MB/s': 1e6,
  'GB/s': 1e9,
  'TB/s': 1e12,
  '%': 0.01,
  '×': 1,
}

/**
 * A table of the page: per row, its cells by the key of their column, with numbers in base units.
 */
export interface PageTable {
  readonly names: readonly string[]
  readonly rows: ReadonlyMap<string, Readonly<Record<string, number | undefined>>>
}

interface RawTable {
  readonly columns: readonly { readonly key: string; readonly unit: string }[]
  readonly rows: readonly (readonly string[])[]
}

const READ_TABLE = `(place) => {
  const table = document.querySelector(place + ' table')
  const columns = [...table.tHead.rows[0].cells].map((cell) => ({
    key: /column-(\\w+)/.exec(cell.className)[1],
    unit: cell.querySelector('.unit').textContent.trim(),
  }))
  const rows = [...table.tBodies[0].rows].map((row) =>
    [...row.cells].map((cell) => (cell.querySelector('.choose') ?? cell).textContent),
  )
  return { columns, rows }
}`

/** Reads the headings and all cells of a table in one step. */
export async function readTable(page: Page, place: '#operations' | '#engines'): Promise<PageTable> {
  const { columns, rows } = await page.evaluate<RawTable>(`(${READ_TABLE})('${place}')`)
  const named = rows.map(([name = '', ...texts]) => {
    const cells = texts.map((text, index) => {
      const { key = '', unit = '' } = columns[index + 1] ?? {}
      return [key, numberOf(text, unit)] as const
    })
    return [name, Object.fromEntries(cells)] as const
  })
  return { names: named.map(([name]) => name), rows: new Map(named) }
}

/** Reads a figure of the headline, in its base unit. */
export async function readFigure(page: Page, id: string): Promise<number | undefined> {
  const [number = '', unit = ''] = await page
    .locator(`#headline-${id} :is(.number, .unit)`)
    .allTextContents()
  return numberOf(number, UNITS[unit] === undefined ? '' : unit)
}

function numberOf(text: string, unit: string): number | undefined {
  const size = UNITS[unit]
  if (size === undefined) throw new Error(`unknown unit '${unit}' of '${text}'`)
  if (text === '–' || text === '') return undefined
  return Number(text.replaceAll(',', '')) * size
}
