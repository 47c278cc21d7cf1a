/** A parsed docstring; its texts are Markdown. */
export interface DocComment {
  readonly text: string
  /** By name, in their order. */
  readonly parameters: readonly (readonly [name: string, text: string])[]
  readonly returns: string
  readonly throws: readonly string[]
  readonly see: readonly string[]
}

const BLOCK = /^@(\w+)\s*/m

/** Splits a docstring at its tags. */
export function parseDocComment(comment: string): DocComment {
  const [text = '', ...blocks] = linesOf(comment)
    .join('\n')
    .split(/^(?=@\w)/m)
  const textsOf = (tag: string) =>
    blocks
      .filter((block) => BLOCK.exec(block)?.[1] === tag)
      .map((block) => block.replace(BLOCK, '').trim())
  return {
    text: text.trim(),
    parameters: textsOf('param').map((block) => {
      const [, name = '', rest = ''] = /^(\w+)\s*-?\s*([\s\S]*)$/.exec(block) ?? []
      return [name, rest] as const
    }),
    returns: textsOf('returns').join(' '),
    throws: textsOf('throws'),
    see: textsOf('see'),
  }
}

/** The lines between the marks of the comment. */
function linesOf(comment: string): string[] {
  return comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/\s*$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
}
