import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../packed.js'

/** An entry of the package that has types. */
export interface Entry {
  /** How users import it. */
  readonly specifier: string
  /** A name of files, and of a package as API Extractor wants it: the specifier without a slash. */
  readonly name: string
  readonly types: string
}

/** The entries of the package that have types. */
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
