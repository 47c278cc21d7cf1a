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
   * Take messages of `SUBJECT.INSTANCE.ENGINE`, too, such as `moonmeter.payloads.host-a.0`. Default:
   * payloads come only by `receive`.
   */
  readonly subject?: string | undefined
  /** Idempotency keys that are kept of each engine; default 1,024. */
  readonly keysMax?: number | undefined
  /** Milliseconds for which a key is kept; default 600,000, which is ten minutes. */
  readonly keptKeysMs?: number | undefined
  /** Payloads that may wait for the server in this process; further ones are refused; default 1,024. */
  readonly waitingMax?: number | undefined
  /** Bytes of the payloads that may wait; default 16 MiB. */
  readonly waitingBytesMax?: number | undefined
}

/** How payloads get to the bucket. */
export interface BucketReceiverHealth extends Readonly<RowsCounts> {
  /** Whether there is a connection to a server at this moment. */
  readonly connected: boolean
  /** Payloads that wait to be put. */
  readonly waiting: number
}

/** Takes payloads of vLLM into the bucket of a fleet. */
export interface BucketReceiver extends PayloadReceiver {
  /** How payloads get to the bucket; a new object each time. */
  readonly health: BucketReceiverHealth
  /** Take no further payloads, wait for those that are on their way, and end the connection. */
  close(): Promise<void>
}

/**
 * Take payloads of vLLM, which hold the rows since the payload before, and add them to sums in the
 * bucket of a fleet. Any number of aggregators may do so; each payload counts once, and all that watch
 * the bucket show it.
 *
 * @param aggregator says the bucket bounds and limits, and counts what is rejected. To show the
 * payloads, it watches the bucket
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
      // Where the server is away, nothing comes any more.
      await stop().catch(() => {})
      await receiver.close()
      await bucket.close()
    },
  }
}

/** The answer to a message, in JSON. */
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
