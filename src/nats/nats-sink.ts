import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../describe.js'
import { type AnyEngineAggregator, aggregationOf } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireNumber, TIMER_MS_MAX } from '../options.js'
import type { ReportSink } from '../recorder/report-sink.js'
import { engineIndex, instanceName } from '../source-identity.js'
import { identityOfReport } from '../wire/report.js'
import { Bucket } from './bucket.js'
import { EntryWriter, type OwnKey, type PutCounts } from './entry-writer.js'
import { encodeAddress, requireMetricsAddress } from './metrics-address.js'
import { showSinkMetrics } from './nats-metrics.js'
import { NATS_OPTION_NAMES, type NatsOptions, readNatsOptions } from './nats-options.js'
import { Publication } from './publication.js'
import { claim, release } from './uses.js'

const INTERVAL_MS = { fallback: 1_000, min: 1, max: TIMER_MS_MAX, integer: true }
/** Milliseconds that `close` waits for acknowledgements. */
const CLOSE_MS = { fallback: 5_000, min: 0, max: TIMER_MS_MAX, integer: true }

/** Options of `natsSink`. */
export interface NatsSinkOptions extends NatsOptions {
  /** The host or process of the engines, up to 255 bytes; unique among running processes. */
  readonly instance: string
  /** Milliseconds between two reports of an engine that `publish` sends; default 1,000. */
  readonly intervalMs?: number
  /**
   * The address at which Prometheus can scrape this process: `host-a:9464`, or a URL of http or
   * https; the default path is `/metrics`. `serviceDiscoveryHandler` lists it while an engine of
   * the instance is up. `close` removes it from the bucket. Default none.
   */
  readonly metricsAddress?: string
}

/** The state of a sink. */
export interface NatsSinkHealth {
  /** Whether there is a connection to a server. */
  readonly connected: boolean
  /** Puts that the server acknowledged. */
  readonly puts: number
  /**
   * Puts that failed or were not acknowledged in time. The newest report is retried each second.
   */
  readonly putsFailed: number
  /** Engines that no longer report, because an aggregator ended their incarnations. */
  readonly removed: number
  /** The message of the last failure; undefined before the first. */
  readonly lastError: string | undefined
}

/** Puts the reports of the engines of a process into the bucket of a fleet. */
export interface NatsSink {
  /** The instance of the engines, as in the option `instance` of their recorders. */
  readonly instance: string
  /** The state of the sink; a new object each time. */
  readonly health: NatsSinkHealth
  /**
   * A sink for the recorder of one engine, for `createRecorder({ engine, instance, sink })`. Each
   * recorder needs a separate sink.
   *
   * @throws MoonmeterError `INVALID_ENGINE`, `CLOSED`
   */
  sinkFor(engine: number): ReportSink
  /**
   * Put the stats of an aggregator's local engines into the bucket, each interval and at `close`.
   * Sources with an instance, which other processes report, and the engine `other` are not
   * published; `moonmeter_nats_rows_left_out` counts their rows. The metrics `moonmeter_nats_…` are
   * added to the aggregator's.
   *
   * @throws MoonmeterError `INVALID_OPTION` for an aggregator that is already published or watches
   * a bucket, or a registry that rejects the metrics; `CLOSED`
   */
  publish(aggregator: AnyEngineAggregator): void
  /**
   * Publish a last time, wait at most 5 s for all acknowledgements, and close the connection, which
   * keeps the process alive until then. Close recorders first.
   *
   * @returns whether the server has acknowledged the last report of every engine
   */
  close(options?: { readonly timeoutMs?: number }): Promise<boolean>
}

/**
 * Connect to the bucket of a fleet, to put the reports of this process there. The bucket is created
 * if absent.
 *
 * @throws MoonmeterError `INVALID_OPTION`; `NATS_FAILED` when there is no connection, the credentials
 * are refused, or the bucket cannot be used or is of another version; `FILE_FAILED`
 */
export async function natsSink(options: NatsSinkOptions): Promise<NatsSink> {
  const own = ['instance', 'intervalMs', 'metricsAddress']
  refuseUnknownOptions('natsSink', options, [...NATS_OPTION_NAMES, ...own])
  const instance = instanceName(options.instance)
  if (instance === undefined) {
    const message = 'natsSink.instance: expected a name of this process, got none'
    throw new MoonmeterError('INVALID_OPTION', message)
  }
  const intervalMs = requireNumber('natsSink.intervalMs', INTERVAL_MS, options.intervalMs)
  const { metricsAddress } = options
  const url =
    metricsAddress === undefined
      ? undefined
      : requireMetricsAddress('natsSink.metricsAddress', metricsAddress)
  const settings = readNatsOptions('natsSink', options)
  return new BucketSink(await Bucket.open(settings), instance, intervalMs, url)
}

class BucketSink implements NatsSink {
  readonly instance: string
  readonly #bucket: Bucket
  readonly #intervalMs: number
  readonly #counts: PutCounts = { puts: 0, putsFailed: 0, removed: 0, lastError: undefined }
  readonly #writers = new Set<EntryWriter>()
  readonly #publications: Publication[] = []
  /** Writes the option `metricsAddress`, if it is set. */
  readonly #address: EntryWriter | undefined
  #isClosed = false

  constructor(bucket: Bucket, instance: string, intervalMs: number, url: string | undefined) {
    this.#bucket = bucket
    this.instance = instance
    this.#intervalMs = intervalMs
    if (url !== undefined) this.#address = this.#newWriter({ kind: 'address', instance })
    const offerAddress = () => url !== undefined && this.#address?.offer(encodeAddress(url))
    offerAddress()
    bucket.onChange(() => {
      // The bucket may have been created again while there was no connection.
      if (bucket.isConnected) offerAddress()
      for (const writer of this.#writers) void writer.write()
    })
  }

  get health(): NatsSinkHealth {
    return { connected: this.#bucket.isConnected, ...this.#counts }
  }

  sinkFor(engine: number): ReportSink {
    this.#assertOpen()
    engineIndex(engine)
    let writer: EntryWriter | undefined
    return {
      isReady: () => writer?.isReady ?? this.#bucket.isConnected,
      send: (bytes) => {
        writer ??= this.#writerOfReport(bytes, engine)
        writer.offer(bytes)
      },
      close: () => {
        const own = writer
        if (own !== undefined) void own.settled().then(() => this.#writers.delete(own))
      },
    }
  }

  publish(aggregator: AnyEngineAggregator): void {
    this.#assertOpen()
    const aggregation = aggregationOf(aggregator)
    claim(aggregation, 'published')
    try {
      showSinkMetrics(aggregator, () => this.health)
    } catch (error) {
      release(aggregation)
      throw error
    }
    this.#publications.push(
      new Publication(aggregation, {
        instance: this.instance,
        intervalMs: this.#intervalMs,
        counts: this.#counts,
        writerOf: (engine, incarnation) =>
          this.#newWriter({ kind: 'incarnation', instance: this.instance, engine, incarnation }),
      }),
    )
  }

  async close(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    refuseUnknownOptions('natsSink.close', options, ['timeoutMs'])
    const timeoutMs = requireNumber('natsSink.close.timeoutMs', CLOSE_MS, options.timeoutMs)
    if (this.#isClosed) return false
    this.#isClosed = true
    await Promise.all(this.#publications.map((publication) => publication.close()))
    const timer = new AbortController()
    let isSettled = false
    const settled = Promise.all([...this.#writers].map((writer) => writer.settled()))
    await Promise.race([
      settled.then(() => {
        isSettled = true
        return this.#removeAddress()
      }),
      sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {}),
    ])
    timer.abort()
    for (const writer of this.#writers) writer.close()
    await this.#bucket.close()
    return isSettled && this.#counts.removed === 0
  }

  /**
   * Errors are ignored: an address that remains is not listed, since no engine of the instance is
   * up.
   */
  async #removeAddress(): Promise<void> {
    try {
      await this.#address?.remove()
    } catch (error) {
      this.#counts.lastError = messageOf(error)
    }
  }

  #writerOfReport(bytes: Uint8Array, engine: number): EntryWriter {
    const report = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const identity = identityOfReport(report)
    if (identity.instance === this.instance && identity.engine === engine) {
      const { instance, incarnation } = identity
      return this.#newWriter({ kind: 'incarnation', instance, engine, incarnation })
    }
    throw new MoonmeterError(
      'INVALID_OPTION',
      `natsSink.sinkFor(${engine}): expected a recorder of that engine and of instance ` +
        `'${this.instance}', got engine ${identity.engine} of '${identity.instance}'; pass ` +
        'createRecorder the same engine and instance',
    )
  }

  #newWriter(key: OwnKey): EntryWriter {
    const writer = new EntryWriter(this.#bucket, key, this.#counts)
    this.#writers.add(writer)
    return writer
  }

  #assertOpen(): void {
    if (!this.#isClosed) return
    throw new MoonmeterError('CLOSED', 'natsSink: expected no use after close(); create a new one')
  }
}
