import { withoutTrailingSlash } from '../server/endpoint-paths.js'
import { originalUrlOf, type RoutedRequest, routeOf } from '../server/match-path.js'

/** The files of the page, by their path relative to the page. */
const PAGE_FILES = {
  '': 'index.html',
  '/page.js': 'page.js',
  '/page.css': 'page.css',
} as const

/** The path of the stream, relative to the page. */
const STREAM = '/live'

/** The target of a request. */
export type PageTarget =
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'stream' }
  /** The page without a trailing slash, for which relative URLs of its files would be wrong. */
  | { readonly kind: 'redirect'; readonly location: string }

/** The target of a request; undefined if its path is not one of the page. */
export function matchPage(request: RoutedRequest, pagePath: string): PageTarget | undefined {
  const { below, mount } = routeOf(request)
  for (const path of [below, mount + below]) {
    if (path !== pagePath && !path.startsWith(`${pagePath}/`)) continue
    const rest = path.slice(pagePath.length)
    if (rest === STREAM) return { kind: 'stream' }
    if (rest === '') return redirectOf(request) ?? { kind: 'file', name: PAGE_FILES[''] }
    if (Object.hasOwn(PAGE_FILES, rest)) {
      return { kind: 'file', name: PAGE_FILES[rest as keyof typeof PAGE_FILES] }
    }
  }
  return undefined
}

function redirectOf(request: RoutedRequest): PageTarget | undefined {
  const [path = '', ...query] = originalUrlOf(request).split('?')
  if (path === '' || path !== withoutTrailingSlash(path)) return undefined
  const last = path.slice(path.lastIndexOf('/') + 1)
  const search = query.length === 0 ? '' : `?${query.join('?')}`
  // Relative, since a proxy may have removed a prefix.
  return { kind: 'redirect', location: `./${last}/${search}` }
}
