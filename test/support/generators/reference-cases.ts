import { readFileSync } from 'node:fs'

/** A row as the reference packs it. */
export interface ReferenceRow {
  readonly duration_seconds: number
  readonly num_keys: number
  readonly num_bytes: number
  readonly status: string
  readonly num_failed_keys: number
}

/** Frames, and the results of the reference for them. */
export interface ReferenceCase {
  readonly name: string
  readonly model_name: string
  readonly engines: readonly number[]
  readonly frames: readonly {
    readonly engine: number
    readonly data: Readonly<Record<string, readonly ReferenceRow[]>>
    readonly msgpack_hex: string
    readonly multi_msgpack_hex: string
  }[]
  readonly reduce: Readonly<Record<string, number>>
  readonly reduce_per_engine: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly log_line: string | null
  readonly samples: readonly (readonly [string, Readonly<Record<string, string>>, number])[]
}

const FILE = new URL('../../../../test/fixtures/reference-cases.json', import.meta.url)

/** The cases of the reference. */
export function referenceCases(): ReferenceCase[] {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}
