import { pack } from '../../../src/wire/msgpack.js'
import type { Counts } from '../assertions/simulation-result.js'
import type { ReferenceCase, ReferenceRow } from './reference-cases.js'

/** The frames of a case in each shape, one payload per frame. */
export function shapesOf({ frames }: ReferenceCase): Readonly<Record<string, readonly Buffer[]>> {
  return {
    bare: frames.map((frame) => Buffer.from(frame.msgpack_hex, 'hex')),
    wrapped: frames.map((frame) => Buffer.from(frame.multi_msgpack_hex, 'hex')),
    'wrapped flat': frames.map(({ data }) =>
      Buffer.from(pack({ NixlConnector: { anything: [1] }, MooncakeStoreConnector: data })),
    ),
  }
}

/** The sums of the rows of a case, by operation. */
export function countsOfRows({ frames }: ReferenceCase): Record<string, Counts> {
  const rows = frames.flatMap(({ data }) => Object.entries(data))
  const names = [...new Set(rows.map(([name]) => name))].sort()
  const entries = names.map((name) => {
    const own = rows.filter(([other]) => other === name).flatMap(([, list]) => list)
    const sum = (field: (row: ReferenceRow) => number) =>
      own.reduce((total, row) => total + field(row), 0)
    const counts: Counts = {
      calls: own.length,
      keys: sum((row) => row.num_keys),
      bytes: sum((row) => row.num_bytes),
      failedKeys: sum((row) => row.num_failed_keys),
      errors: own.filter(({ status }) => status === 'error').length,
    }
    return [name, counts] as const
  })
  return Object.fromEntries(entries.filter(([, { calls }]) => calls > 0))
}
