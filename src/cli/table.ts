/** How a column is set: words to the left, numbers to the right. */
export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Rows of text set in columns two spaces apart, below a line of titles. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  )
  const set = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const width = widths[index] ?? 0
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return [titles, ...rows].map(set).join('\n')
}
