import { ROW_COUNTER_NAMES, ROW_COUNTERS } from '../catalogue.js'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { ConnectorStats, type ConnectorStatsOptions } from '../stats/connector-stats.js'
import { COUNT_MAX, makeRow, type Row } from '../stats/row.js'
import { pack } from './msgpack.js'
import { addPayload, decodePayload } from './payload.js'
import { addRowObjects, CONNECTOR_KEY, DATA_KEY, type PayloadRows } from './rows.js'

/**
 * Stats of Mooncake store operations with the interface of vLLM's class of that name:
 * `recordOperation` counts a row, `aggregate` merges stats, and `reduce` returns the values of the
 * log line.
 */
export class MooncakeStoreConnectorStats extends ConnectorStats {
  /**
   * The stats in a payload: vLLM's rows, bare or wrapped, or a report.
   *
   * @param bytes MessagePack, of any size
   * @throws MoonmeterError `INVALID_PAYLOAD` with the `reason`; `INVALID_OPTION`
   */
  static fromPayload(
    bytes: Uint8Array,
    options?: ConnectorStatsOptions,
  ): MooncakeStoreConnectorStats {
    const stats = new MooncakeStoreConnectorStats(options)
    const decoding = { stats: { ...options, bounds: stats.bounds }, payloadBytesMax: Infinity }
    addPayload(decodePayload(bytes, decoding), stats)
    return stats
  }

  /**
   * The stats of decoded rows.
   *
   * ```ts
   * MooncakeStoreConnectorStats.fromRows({
   *   load_get: [{ duration_seconds: 0.002, num_keys: 3, num_bytes: 4096, status: 'ok' }],
   * })
   * ```
   *
   * @param rows by operation with vLLM's field names, as a payload holds them, of which `num_bytes`,
   * `status` and `num_failed_keys` may be missing; or a list of `Row`s
   * @throws MoonmeterError `INVALID_PAYLOAD` with the `reason`, or `INVALID_ROW` for a `Row`;
   * `INVALID_OPTION`
   */
  static fromRows(
    rows: PayloadRows | Iterable<Row>,
    options?: ConnectorStatsOptions,
  ): MooncakeStoreConnectorStats {
    const stats = new MooncakeStoreConnectorStats(options)
    if (isIterable(rows)) {
      for (const row of rows) stats.addRow(checkRow(row))
    } else addRowObjects(rows, stats)
    return stats
  }

  /**
   * These stats as vLLM's payload, which its `MooncakeStoreConnectorStats` reads:
   * `{"MooncakeStoreConnector": {"data": {operation: [row, …]}}}` with one row per call.
   *
   * Stats do not store which counters belong to which duration, so the first row of a series has
   * all counters of the series, each up to the 2^64 of a row, and the others have the rest or zeros.
   * Sums, counts and buckets of the rows are the same as those of the stats. Durations are exact for
   * up to `exactRowsMax` rows, and the middles of their bins (within 1.6 %) beyond that. A row takes
   * some 90 bytes.
   *
   * @returns MessagePack
   */
  toPayload(): Uint8Array {
    const operations = new Map<string, object[]>(this.operations().map((name) => [name, []]))
    for (const { operation, status, stats } of this.series()) {
      const left = { ...stats.counts }
      for (const durationSeconds of stats.listDurations()) {
        const counts = ROW_COUNTER_NAMES.map((counter) => {
          const count = Math.min(left[counter], COUNT_MAX)
          left[counter] -= count
          return [ROW_COUNTERS[counter].field, count]
        })
        const row = { duration_seconds: durationSeconds, status, ...Object.fromEntries(counts) }
        operations.get(operation)?.push(row)
      }
    }
    return pack({ [CONNECTOR_KEY]: { [DATA_KEY]: operations } })
  }
}

function checkRow(row: Row): Row {
  if (typeof row === 'object' && row !== null) {
    return makeRow(row.operation, row.durationSeconds, row.numKeys, row)
  }
  throw new MoonmeterError(
    'INVALID_ROW',
    `fromRows: expected a row with operation, durationSeconds and numKeys, got ${describe(row)}`,
  )
}

function isIterable(rows: PayloadRows | Iterable<Row>): rows is Iterable<Row> {
  return typeof (rows as Partial<Iterable<Row>> | null)?.[Symbol.iterator] === 'function'
}
