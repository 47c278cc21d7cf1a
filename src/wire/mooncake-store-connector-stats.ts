import { ConnectorStats, type ConnectorStatsOptions } from '../stats/connector-stats.js'
import { addPayload, decodePayload } from './payload.js'

/**
 * Stats of Mooncake store operations with the interface of vLLM's class of that name: rows go in
 * by `recordOperation`, stats merge by `aggregate`, `reduce` answers the figures of the log line.
 */
export class MooncakeStoreConnectorStats extends ConnectorStats {
  /**
   * The stats that a payload holds, in any of the shapes it may have.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD` with the `reason`
   */
  static fromPayload(
    bytes: Uint8Array,
    options?: ConnectorStatsOptions,
  ): MooncakeStoreConnectorStats {
    const stats = new MooncakeStoreConnectorStats(options)
    addPayload(decodePayload(bytes, { layout: stats.layout }), stats)
    return stats
  }
}
