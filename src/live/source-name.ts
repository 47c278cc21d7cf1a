/** The name of an engine on the page and in the terminal: `3`, or `host-a/3` with an instance. */
export function sourceName({
  instance,
  engine,
}: {
  readonly instance?: string | undefined
  readonly engine: number | string
}): string {
  return instance === undefined ? String(engine) : `${instance}/${engine}`
}
