import type { IncomingMessage, RequestListener } from 'node:http'
import {
  type EndpointPaths,
  EVERY_PATH,
  METRICS_PATH,
  withoutTrailingSlash,
} from './endpoint-paths.js'

/** The content of a path of the handler. */
export type Target = 'metrics' | 'health'

/**
 * Properties that frameworks add to a request: Express and its router add all, connect only
 * `originalUrl`.
 *
 * @see https://expressjs.com/en/5x/api.html#req
 */
export interface RoutedRequest extends IncomingMessage {
  /** The path of the mount point, which the framework removed from `url`. */
  readonly baseUrl?: unknown
  /** The original request target. */
  readonly originalUrl?: unknown
  /** The route that was matched last. */
  readonly route?: unknown
}

/** The origin in a request target in absolute form, which clients send to proxies. */
const ORIGIN = /^https?:\/\/[^/?#]+/i

/**
 * The target of a request; undefined if its path is not one of the handler's. A path of the handler
 * is compared with the path below the mount point, and with the whole path.
 *
 * @param handler the function that was passed to the framework, to recognize its route
 */
export function matchPath(
  request: RoutedRequest,
  { path, healthPath }: EndpointPaths,
  handler: RequestListener,
): Target | undefined {
  const { below, mount } = routeOf(request)
  const is = (expected: string) => below === expected || mount + below === expected
  if (healthPath !== undefined && is(healthPath)) return 'health'
  if (path === EVERY_PATH || is(path ?? METRICS_PATH)) return 'metrics'
  if (path !== undefined) return undefined
  const isMountPoint = mount !== '' && below === ''
  return isMountPoint || isRouteOf(request, handler) ? 'metrics' : undefined
}

/** The path of a request below the mount point, and the path of the mount point. */
export function routeOf(request: RoutedRequest): {
  readonly below: string
  readonly mount: string
} {
  const below = pathOf(request.url)
  return { below, mount: mountOf(request, below) }
}

/** Path and query of the original request target. */
export function originalUrlOf({ originalUrl, url = '' }: RoutedRequest): string {
  return (typeof originalUrl === 'string' ? originalUrl : url).replace(ORIGIN, '')
}

/** The path of a request target, without the query. */
function pathOf(url = ''): string {
  const [path = ''] = url.replace(ORIGIN, '').split('?', 1)
  return withoutTrailingSlash(path)
}

/** The path of the mount point; empty for the root. */
function mountOf({ baseUrl, originalUrl }: RoutedRequest, below: string): string {
  if (typeof baseUrl === 'string') return baseUrl
  if (typeof originalUrl !== 'string') return ''
  const whole = pathOf(originalUrl)
  return whole.endsWith(below) ? whole.slice(0, whole.length - below.length) : ''
}

/**
 * Whether the matched route calls the handler, as after `app.get('/path', handler)`. Express leaves
 * `route` on the request when a route calls `next`, so it may be the route of another handler.
 */
function isRouteOf({ route }: RoutedRequest, handler: RequestListener): boolean {
  const { stack } = (route ?? {}) as { readonly stack?: unknown }
  return Array.isArray(stack) && stack.some((layer) => layer?.handle === handler)
}
