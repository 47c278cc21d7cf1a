import type { ScrapeTarget } from '../source-identity.js'

/** Default ports, which URLs omit. Some versions of Prometheus do not add them. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** One group of targets in the format of `http_sd_configs` of Prometheus. */
interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/**
 * An instance as a group of one target, since labels apply to a whole group.
 *
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export function targetGroup({ instance, url }: ScrapeTarget): TargetGroup {
  const { protocol, hostname, port, pathname } = new URL(url)
  return {
    targets: [`${hostname}:${port || PORTS[protocol]}`],
    labels: { instance, __scheme__: protocol.slice(0, -1), __metrics_path__: pathname },
  }
}
