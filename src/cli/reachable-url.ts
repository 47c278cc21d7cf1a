import { hostname } from 'node:os'

/** Hosts of URLs that mean every address of a host. */
const EVERY_ADDRESS = ['0.0.0.0', '[::]']

/**
 * The URL of a server for other hosts. If the server listens on every address, the URL contains the
 * name of this host.
 */
export function reachableUrl(servedUrl: string, name = hostname()): string {
  const url = new URL(servedUrl)
  if (EVERY_ADDRESS.includes(url.hostname)) url.hostname = name
  return url.href
}
