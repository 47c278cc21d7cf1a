import { hostname } from 'node:os'

/** Hosts of URLs that stand for every address of a host. */
const EVERY_ADDRESS = ['0.0.0.0', '[::]']

/**
 * A URL that is served, as other hosts reach it: a server on every address of this host is given the
 * name of the host.
 */
export function reachableUrl(servedUrl: string, name = hostname()): string {
  const url = new URL(servedUrl)
  if (EVERY_ADDRESS.includes(url.hostname)) url.hostname = name
  return url.href
}
