import { styleText } from 'node:util'

/** Formats examples for the end of a help text, each with what it does on the next line. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  // Commander removes the style where the output has no colours.
  const title = styleText('bold', 'Examples:', { validateStream: false })
  return `\n${title}\n${lines.map(([command, what]) => `  ${command}\n      ${what}`).join('\n')}`
}
