import type { ApiItem } from './api-item.js'
import { type DocComment, parseDocComment } from './doc-comment.js'
import type { ExtractedEntry } from './extract-entry.js'

const HEAD = `# API reference

Written by \`npm run api\` from the docstrings of the code; do not edit. [README](../README.md)
`
/** The sections of an entry, and the items in each. */
const SECTIONS: readonly (readonly [title: string, holds: (item: ApiItem) => boolean])[] = [
  ['Classes', (item) => isExported(item) && item.kind === 'Class'],
  ['Functions', (item) => isExported(item) && item.kind === 'Function'],
  ['Constants', (item) => isExported(item) && item.kind === 'Variable'],
  ['Types', (item) => isExported(item) && !VALUES.includes(item.kind)],
  ['Named in the types above, but not exported', (item) => !isExported(item)],
]
const VALUES: readonly string[] = ['Class', 'Function', 'Variable']
/** The text of API Extractor for a constructor without a docstring. */
const NO_TEXT = /^Constructs a new instance of the `\w+` class$/

/** The reference of all entries: one page of Markdown. */
export function renderReference(entries: readonly ExtractedEntry[]): string {
  const described = new Set<string>()
  const sections = entries.map((entry) => renderEntry(entry, described))
  return `${[HEAD, ...sections].join('\n').trimEnd()}\n`
}

/** @param described texts of the items of earlier entries; they are not repeated */
function renderEntry({ entry, items }: ExtractedEntry, described: Set<string>): string {
  const lines = [`## ${entry.specifier}\n`]
  const repeated: string[] = []
  for (const [title, holds] of SECTIONS) {
    const texts: string[] = []
    for (const item of items.filter(holds)) {
      const text = renderItem(item)
      if (!described.has(text)) texts.push(text)
      else if (isExported(item)) repeated.push(item.name ?? '')
      described.add(text)
    }
    if (texts.length > 0) lines.push(`### ${title}\n`, ...texts)
  }
  const links = repeated.map((name) => `[\`${name}\`](#${name.toLowerCase()})`)
  if (links.length > 0) lines.push(`Also exported here, as above: ${links.join(', ')}.\n`)
  return lines.join('\n')
}

function renderItem(item: ApiItem): string {
  const comment = parseDocComment(item.docComment ?? '')
  const lines = [`#### ${item.name}\n`, `\`\`\`ts\n${signatureOf(item)}\n\`\`\`\n`]
  lines.push(comment.text, '', ...detailsOf(comment))
  for (const member of item.members ?? []) lines.push(renderMember(member), '')
  return lines.join('\n')
}

function isExported({ canonicalReference }: ApiItem): boolean {
  return canonicalReference?.includes('!~') !== true
}

/** A member as an item of a list, with indented paragraphs. */
function renderMember(member: ApiItem): string {
  const comment = parseDocComment(member.docComment ?? '')
  const signature = `**\`${signatureOf(member).replace(/\s+/g, ' ')}\`**`
  const parts = [signature, comment.text.replace(NO_TEXT, ''), detailsOf(comment).join('\n')]
  const text = parts.filter(Boolean).join('\n\n').trimEnd()
  return `- ${text.replaceAll('\n', '\n  ')}`.replace(/ +$/gm, '')
}

function detailsOf({ parameters, returns, throws, see }: DocComment): string[] {
  const items = [
    ...parameters.map(([name, text]) => `\`${name}\`: ${text}`),
    ...(returns === '' ? [] : [`Returns ${returns}`]),
    ...throws.map((text) => `Throws ${text}`),
    ...see.map((text) => `See ${text}`),
  ]
  if (items.length === 0) return []
  return [...items.map((item) => `- ${item.replaceAll('\n', '\n  ')}`), '']
}

/** The declaration without its body, and without the keywords common to all. */
function signatureOf(item: ApiItem): string {
  const text = (item.excerptTokens ?? []).map((token) => token.text).join('')
  return text
    .replace(/^export (?:declare )?/, '')
    .replace(/^readonly /, '')
    .replace(/;\s*$/, '')
    .trim()
}
