import type { Aggregation } from '../aggregator/aggregation.js'
import { isInstance } from '../source-identity.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import { decodePayload } from '../wire/payload.js'
import { rejection } from '../wire/rejection.js'
import type { PayloadSource } from './payload-receiver.js'

/** Maximum UTF-8 bytes of an idempotency key. */
const KEY_BYTES_MAX = 255

/**
 * Decode and validate the rows of a payload and its source.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD` with the reason; `engine` for an invalid engine or
 * instance, `range` for an invalid key, `shape` for a report
 */
export function readRowsPayload(
  bytes: unknown,
  { engine, instance, key }: PayloadSource,
  aggregation: Aggregation,
): { readonly stats: ConnectorStats; readonly byteLength: number } {
  if (!Number.isSafeInteger(engine) || engine < 0) {
    throw rejection('engine', 'the engine index to be a non-negative integer', engine)
  }
  if (instance !== undefined && !isInstance(instance)) {
    throw rejection('engine', 'the instance to be a string of 1 to 255 bytes', instance)
  }
  if (key !== undefined && (key === '' || Buffer.byteLength(key) > KEY_BYTES_MAX)) {
    throw rejection('range', `an idempotency key of 1 to ${KEY_BYTES_MAX} bytes`, key)
  }
  const payload = decodePayload(bytes, aggregation.decoding)
  // A report is cumulative, so it must not be added to a sum.
  if (payload.kind === 'report') throw rejection('shape', "vLLM's rows", 'a report')
  return payload
}
