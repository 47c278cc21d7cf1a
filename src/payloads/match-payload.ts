import { originalUrlOf, type RoutedRequest, routeOf } from '../server/match-path.js'

/**
 * An index in the form that `String` writes: another form would be a second path of the same
 * engine.
 */
const ENGINE = /^(?:0|[1-9]\d{0,15})$/

/** The target of a request with a payload. */
export interface PayloadTarget {
  readonly engine: number
  /** The values of the parameter `instance` in the query. */
  readonly instances: readonly string[]
}

/** Whether the path of a request is `PATH`, or below it. */
export function isBelow(request: RoutedRequest, path: string): boolean {
  const { below, mount } = routeOf(request)
  return [below, mount + below].some((whole) => `${whole}/`.startsWith(`${path}/`))
}

/** Parses the target of a request; undefined if its path is not `PATH/ENGINE`. */
export function matchPayload(request: RoutedRequest, path: string): PayloadTarget | undefined {
  const { below, mount } = routeOf(request)
  for (const whole of [below, mount + below]) {
    const engine = whole.slice(path.length + 1)
    if (!whole.startsWith(`${path}/`) || !ENGINE.test(engine)) continue
    const [, ...query] = originalUrlOf(request).split('?')
    const instances = new URLSearchParams(query.join('?')).getAll('instance')
    return { engine: Number(engine), instances }
  }
  return undefined
}
