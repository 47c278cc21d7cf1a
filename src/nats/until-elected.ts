import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError } from '@nats-io/jetstream'
import { TimeoutError } from '@nats-io/transport-node'

/**
 * Time-outs of an answer within which servers elect a leader. An election takes up to 10 s, which
 * is two time-outs with the default of 5 s.
 */
const TIMEOUTS_MAX = 3
const RETRY_MS = 500
/** The error code of JetStream for "system temporarily unavailable". */
const UNAVAILABLE = 10_008
/**
 * The error code of JetStream for "subjects overlap with an existing stream". nats-server 2.9 also
 * answers this while another client creates the same stream.
 */
const OVERLAPPING = 10_065
/** Maximum number of repetitions after that answer: streams that do overlap remain. */
const OVERLAPS_MAX = 3

/**
 * Repeats a request while the servers of a cluster elect a leader, or while another client makes the
 * same request. During an election, servers do not answer, or answer that they are unavailable.
 *
 * @param timeoutMs time-out of one answer
 * @throws the error of the last attempt
 */
export async function untilElected<Answer>(
  timeoutMs: number,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const endMs = performance.now() + TIMEOUTS_MAX * timeoutMs
  for (let overlaps = 0; ; ) {
    try {
      return await ask()
    } catch (error) {
      const code = error instanceof JetStreamApiError ? error.code : undefined
      const isTemporary =
        error instanceof TimeoutError ||
        code === UNAVAILABLE ||
        (code === OVERLAPPING && overlaps++ < OVERLAPS_MAX)
      if (!isTemporary || performance.now() > endMs) throw error
      await sleep(RETRY_MS)
    }
  }
}
