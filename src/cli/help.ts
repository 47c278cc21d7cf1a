import { styleText } from 'node:util'

/** Formats examples for the end of a help text, each with a description on the next line. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  return titled(
    'Examples:',
    lines.map(([command, what]) => `  ${command}\n      ${what}`),
  )
}

/** Formats names and their descriptions for the end of a help text, each on one line. */
export function glossary(
  title: string,
  entries: readonly (readonly [name: string, meaning: string])[],
): string {
  const width = Math.max(...entries.map(([name]) => name.length))
  return titled(
    title,
    entries.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`),
  )
}

function titled(title: string, lines: readonly string[]): string {
  // Commander removes the style if the output has no colours.
  return `\n${styleText('bold', title, { validateStream: false })}\n${lines.join('\n')}`
}
