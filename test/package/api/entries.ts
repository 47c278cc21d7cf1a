import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../packed.js'

/** An entry point of the package that has types. */
export interface Entry {
  /** How users import it. */
  readonly specifier: string
  /** A name for files, and for the package of API Extractor: the specifier without a slash. */
  readonly name: string
  readonly types: string
}

/** The entry points of the package that have types. */
export function typedEntries(): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>
  }
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const specifier = `${name}${path.slice(1)}`
    return [{ specifier, name: specifier.replaceAll('/', '-'), types: join(ROOT, target.types) }]
  })
}
