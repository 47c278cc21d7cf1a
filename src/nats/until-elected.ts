import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError } from '@nats-io/jetstream'
import { TimeoutError } from '@nats-io/transport-node'

/** Time-outs of an answer within which servers elect a leader: 10 s at most, with the default of 5 s. */
const TIMEOUTS_MAX = 3
const RETRY_MS = 500
/** The code of JetStream for: system temporarily unavailable. */
const UNAVAILABLE = 10_008

/**
 * Asks again while the servers of a cluster elect a leader. Until they have, they do not answer, or say
 * that they are unavailable.
 *
 * @param timeoutMs that of each answer
 * @throws what the last attempt throws
 */
export async function untilElected<Answer>(
  timeoutMs: number,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const endMs = performance.now() + TIMEOUTS_MAX * timeoutMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isUnavailable = error instanceof JetStreamApiError && error.code === UNAVAILABLE
      const isTemporary = error instanceof TimeoutError || isUnavailable
      if (!isTemporary || performance.now() > endMs) throw error
      await sleep(RETRY_MS)
    }
  }
}
