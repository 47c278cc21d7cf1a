import { styleText } from 'node:util'

/** Formats examples for the end of a help text, each with what it does on the next line. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  return helpList('Examples:', lines)
}

/** Formats a list for the end of a help text, each entry with what it is on the next line. */
export function helpList(
  title: string,
  entries: readonly (readonly [entry: string, what: string])[],
): string {
  // Commander removes the style where the output has no colours.
  const styled = styleText('bold', title, { validateStream: false })
  return `\n${styled}\n${entries.map(([entry, what]) => `  ${entry}\n      ${what}`).join('\n')}`
}
