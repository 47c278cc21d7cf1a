import { setTimeout as sleep } from 'node:timers/promises'
import type { Msg } from '@nats-io/transport-node'
import { type AnyEngineAggregator, aggregationOf } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, resolveNumbers } from '../options.js'
import { answerOf } from '../payloads/payload-answer.js'
import type { PayloadReceiver } from '../payloads/payload-receiver.js'
import { Bucket } from './bucket.js'
import { NATS_OPTION_NAMES, type NatsOptions, readNatsOptions } from './nats-options.js'
import { requirePrefix, sourceOfMessage, subjectsOf } from './payload-subject.js'
import { ENTRY_KEYS_MAX } from './rows-entry.js'
import { RowsReceiver } from './rows-receiver.js'
import type { RowsCounts } from './rows-writer.js'

const NUMBERS = {
  keysMax: { fallback: 1_024, min: 1, max: ENTRY_KEYS_MAX, integer: true },
  keptKeysMs: { fallback: 600_000, min: 1, max: Number.MAX_SAFE_INTEGER, integer: true },
  waitingMax: { fallback: 1_024, min: 1, max: 2 ** 20, integer: true },
  waitingBytesMax: { fallback: 2 ** 24, min: 1, max: 2 ** 32, integer: true },
} as const

/** Options of `receivePayloads`. */
export interface ReceivePayloadsOptions extends NatsOptions {
  /**
   * Also subscribe to `SUBJECT.INSTANCE.ENGINE`, such as `moonmeter.payloads.host-a.0`. Default:
   * payloads arrive only by calls of `receive`.
   */
  readonly subject?: string | undefined
  /** Maximum number of idempotency keys kept per engine; default 1,024. */
  readonly keysMax?: number | undefined
  /** Milliseconds for which a key is kept; default 600,000 (ten minutes). */
  readonly keptKeysMs?: number | undefined
  /**
   * Maximum number of payloads that wait for the server; further ones are refused. Default 1,024.
   */
  readonly waitingMax?: number | undefined
  /** Maximum bytes of the payloads that wait; default 16 MiB. */
  readonly waitingBytesMax?: number | undefined
}

/** The state of a receiver. */
export interface BucketReceiverHealth extends Readonly<RowsCounts> {
  /** Whether there is a connection to a server. */
  readonly connected: boolean
  /** Number of payloads that wait. */
  readonly waiting: number
}

/** Adds payloads of vLLM to the bucket of a fleet. */
export interface BucketReceiver extends PayloadReceiver {
  /** The state of the receiver; a new object each time. */
  readonly health: BucketReceiverHealth
  /** Refuse further payloads, wait for the pending ones, and close the connection. */
  close(): Promise<void>
}

/**
 * Receive payloads of vLLM, which contain the rows since the previous payload, and add them to sums
 * in the bucket of a fleet. Any number of aggregators may receive payloads. Each payload counts
 * once, and all aggregators that watch the bucket expose it.
 *
 * @param aggregator provides the bucket bounds and limits, and counts rejections; to expose the
 * payloads, it must also watch the bucket
 * @throws MoonmeterError `INVALID_OPTION`; `NATS_FAILED` when there is no connection, the credentials
 * are refused, the user may not subscribe, or the bucket cannot be used or is of another version;
 * `FILE_FAILED`
 */
export async function receivePayloads(
  aggregator: AnyEngineAggregator,
  options: ReceivePayloadsOptions,
): Promise<BucketReceiver> {
  const own = ['subject', ...Object.keys(NUMBERS)]
  refuseUnknownOptions('receivePayloads', options, [...NATS_OPTION_NAMES, ...own])
  const { subject, keysMax, keptKeysMs, waitingMax, waitingBytesMax } = options
  const given = { keysMax, keptKeysMs, waitingMax, waitingBytesMax }
  const numbers = resolveNumbers('receivePayloads', NUMBERS, given)
  if (subject !== undefined) requirePrefix('receivePayloads.subject', subject)
  const settings = readNatsOptions('receivePayloads', options)
  const bucket = await Bucket.open(settings)
  const receiver = new RowsReceiver(bucket, {
    aggregation: aggregationOf(aggregator),
    limits: numbers,
    waitingMax: numbers.waitingMax,
    waitingBytesMax: numbers.waitingBytesMax,
    timeoutMs: settings.timeoutMs,
    sleep,
    counts: {
      counted: 0,
      repeated: 0,
      busy: 0,
      puts: 0,
      conflicts: 0,
      putsFailed: 0,
      lastError: undefined,
    },
  })
  try {
    const stop =
      subject === undefined
        ? async () => {}
        : await bucket.answer(subjectsOf(subject), settings.bucket, (message) =>
            answerMessage(receiver, message, subject),
          )
    return receiverOf(bucket, receiver, stop)
  } catch (cause) {
    await bucket.close()
    throw cause
  }
}

function receiverOf(
  bucket: Bucket,
  receiver: RowsReceiver,
  stop: () => Promise<void>,
): BucketReceiver {
  return {
    payloadBytesMax: receiver.payloadBytesMax,
    get health() {
      return { connected: bucket.isConnected, waiting: receiver.waiting, ...receiver.counts }
    },
    receive: (bytes, source) => receiver.receive(bytes, source),
    reject: (error) => receiver.reject(error),
    close: async () => {
      // If the server is unreachable, no further messages arrive.
      await stop().catch(() => {})
      await receiver.close()
      await bucket.close()
    },
  }
}

/** The JSON answer to a message. */
async function answerMessage(
  receiver: RowsReceiver,
  message: Msg,
  prefix: string,
): Promise<string> {
  try {
    return answerOf(await receiver.receive(message.data, sourceOfMessage(message, prefix)))
  } catch (error) {
    if (error instanceof MoonmeterError && error.reason !== undefined) {
      return answerOf(receiver.reject(error))
    }
    throw error
  }
}
