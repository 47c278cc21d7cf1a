/** Maximum number of values of a message that are searched. */
const VALUES_MAX = 10_000

/**
 * Close the file handles that were transferred in a message that is dropped. On Node 26, an open handle
 * that is garbage-collected ends the process.
 *
 * @param message a structured clone, so it has no accessors, and only classes of the platform
 * @see https://nodejs.org/api/deprecations.html#dep0137-closing-fsfilehandle-on-garbage-collection
 */
export function closeFileHandles(message: unknown): void {
  const found = new Set<unknown>([message])
  // A set also iterates over the values that are added meanwhile.
  for (const value of found) {
    if (typeof value !== 'object' || value === null) continue
    if (isFileHandle(value)) void value.close().catch(() => {})
    else for (const inner of valuesOf(value)) found.add(inner)
    if (found.size > VALUES_MAX) break
  }
}

function isFileHandle(value: object): value is { close(): Promise<void> } {
  return 'fd' in value && 'close' in value && typeof value.close === 'function'
}

function* valuesOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return
  if (value instanceof Map) yield* value.keys()
  if (value instanceof Map || value instanceof Set) yield* value.values()
  else yield* Object.values(value)
}
