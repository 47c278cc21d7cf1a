import { JetStreamApiCodes, JetStreamApiError, jetstream } from '@nats-io/jetstream'
import { type KV, type KvEntry, Kvm, type KvWatchEntry, type KvWatchOptions } from '@nats-io/kv'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { connectTo } from './connect.js'
import { LAYOUT_VERSION, VERSION_KEY } from './entry-key.js'
import type { NatsSettings } from './nats-options.js'
import { untilElected } from './until-elected.js'

const LOST = 'the connection was lost'

/** One entry as it is in the bucket now: a value, or the marker of one that was deleted. */
export interface Entry {
  readonly key: string
  readonly revision: number
  /** Undefined where the entry was deleted. */
  readonly value: Uint8Array | undefined
  /** When the server took it, in milliseconds since 1970. */
  readonly createdMs: number
}

/** A watch of all entries: first what is there, then each change. */
export interface EntryWatch extends AsyncIterable<Entry & { readonly isLast: boolean }> {
  stop(): void
}

/** What is done with single entries of a bucket. */
export type EntryStore = Pick<Bucket, 'isConnected' | 'get' | 'put' | 'delete' | 'removeMarker'>

/** What a look for missed changes needs of a bucket. */
export type EntryReader = Pick<Bucket, 'get' | 'revisions'>

/** The expected revision of an entry was another: another client has written it. */
export const CONFLICT = Symbol('conflict')

/** A connection to the bucket of a fleet. It connects again by itself until it is closed. */
export class Bucket {
  readonly #settings: NatsSettings
  readonly #connection: NatsConnection
  readonly #kv: KV
  readonly #listeners = new Set<() => void>()
  #isConnected = true
  /** Rejects each request that waits for its answer. */
  readonly #waiting = new Set<(error: Error) => void>()

  private constructor(settings: NatsSettings, connection: NatsConnection, kv: KV) {
    this.#settings = settings
    this.#connection = connection
    this.#kv = kv
    void this.#follow()
  }

  /**
   * Connects, opens the bucket or makes it, and checks the version of its layout.
   *
   * @throws MoonmeterError `NATS_FAILED`
   */
  static async open(settings: NatsSettings): Promise<Bucket> {
    const { servers, bucket, replicas, bucketBytesMax, timeoutMs } = settings
    const connection = await connectTo(settings)
    try {
      const kv = await untilElected(timeoutMs, async () => {
        const made = await new Kvm(jetstream(connection, { timeout: timeoutMs })).create(bucket, {
          replicas,
          history: 1,
          // Reads are answered by the leader: one that comes from a replica could be old.
          allow_direct: false,
          ...(bucketBytesMax > 0 && { max_bytes: bucketBytesMax }),
        })
        await checkVersion(made, bucket)
        return made
      })
      return new Bucket(settings, connection, kv)
    } catch (cause) {
      await connection.close()
      if (cause instanceof MoonmeterError) throw cause
      throw failed(
        `bucket ${bucket} at ${servers.join(', ')}: expected a bucket of JetStream that can be ` +
          `used, got ${messageOf(cause)}; start the server with JetStream, and check the number of ` +
          'replicas, the rights of the user and the limits of the account',
        cause,
      )
    }
  }

  /** Whether there is a connection to a server at this moment. */
  get isConnected(): boolean {
    return this.#isConnected
  }

  /**
   * Calls a function whenever the connection comes or goes.
   *
   * @returns a function that ends it
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads one entry, from the server that leads the bucket; undefined where there never was one. */
  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#orLost(this.#kv.get(key))
    return entry === null ? undefined : toEntry(entry)
  }

  /**
   * Writes an entry, if it is still as it was.
   *
   * @param revision of the entry or its marker, 0 where there is none
   * @returns the new revision, or `CONFLICT` where the entry has another one: nothing was written
   */
  async put(key: string, value: Uint8Array, revision: number): Promise<number | typeof CONFLICT> {
    const { timeoutMs: timeout } = this.#settings
    return this.#orLost(this.#kv.put(key, value, { previousSeq: revision, timeout })).catch(
      conflictOrThrow,
    )
  }

  /** Deletes an entry, if it is still as it was; its marker stays. */
  async delete(key: string, revision: number): Promise<typeof CONFLICT | undefined> {
    const deleted = this.#orLost(this.#kv.delete(key, { previousSeq: revision }))
    return deleted.then(() => undefined, conflictOrThrow)
  }

  /** Removes the marker of an entry that was deleted, if it is still there. */
  async removeMarker(key: string, revision: number): Promise<void> {
    const isThere = async () => {
      const entry = await this.get(key)
      return entry?.revision === revision && entry.value === undefined
    }
    if (!(await isThere())) return
    const manager = await this.#orLost(jetstream(this.#connection).jetstreamManager(false))
    try {
      // A purge of the key makes nats-server 2.9 leave out messages of other keys in watches.
      await this.#orLost(
        manager.streams.deleteMessage(`KV_${this.#settings.bucket}`, revision, false),
      )
    } catch (error) {
      // Another aggregator may have removed it meanwhile.
      if (await isThere()) throw error
    }
  }

  /**
   * The newest revision of each key, of entries and of markers.
   *
   * @throws Error where the listing stops before its end
   */
  async revisions(): Promise<Map<string, number>> {
    const revisions = new Map<string, number>()
    const entries = await this.#startWatch({ headers_only: true })
    const { timeoutMs } = this.#settings
    const timer = setTimeout(() => entries.stop(), timeoutMs)
    try {
      for await (const entry of entries) {
        timer.refresh()
        revisions.set(entry.key, entry.revision)
        // The entry of the version is always there, so there is a last one.
        if (isLast(entry)) return revisions
      }
    } finally {
      clearTimeout(timer)
    }
    throw new Error(`keys of the bucket: expected one within ${timeoutMs} ms, got none`)
  }

  /** The newest revision of all, from the server that leads the bucket. */
  async newest(): Promise<number> {
    const { bucket } = this.#settings
    const manager = await this.#orLost(jetstream(this.#connection).jetstreamManager(false))
    const message = await this.#orLost(
      manager.streams.getMessage(`KV_${bucket}`, { last_by_subj: `$KV.${bucket}.>` }),
    )
    // The entry of the version is always there.
    return message?.seq ?? 0
  }

  /** Watches all entries. The watch ends when it is stopped, or by an error of the connection. */
  async watch(filter = '>'): Promise<EntryWatch> {
    const entries = await this.#startWatch({ key: filter })
    return {
      stop: () => entries.stop(),
      async *[Symbol.asyncIterator]() {
        for await (const entry of entries) yield { ...toEntry(entry), isLast: isLast(entry) }
      },
    }
  }

  /** The keys of the entries of a filter that were not deleted. */
  async keys(filter: string): Promise<string[]> {
    const keys: string[] = []
    for await (const key of await this.#orLost(this.#kv.keys(filter))) keys.push(key)
    return keys
  }

  /**
   * Answers messages of a subject. Of all clients with the same queue, the server gives each message to
   * one.
   *
   * @param answer returns the reply, which is sent where the sender waits for one
   * @returns a function that ends it, once everything that the server has sent is answered
   * @throws MoonmeterError `NATS_FAILED` where the user may not subscribe
   */
  async answer(
    subject: string,
    queue: string,
    answer: (message: Msg) => Promise<string>,
  ): Promise<() => Promise<void>> {
    let refusal: Error | undefined
    const answering = new Set<Promise<unknown>>()
    const subscription = this.#connection.subscribe(subject, {
      queue,
      callback: (error, message) => {
        if (error !== null) {
          refusal = error
          return
        }
        const answered = answer(message)
          .then((reply) => message.respond(reply))
          // The connection was lost or closed. The sender gets no answer, and tries again.
          .catch(() => {})
          .finally(() => answering.delete(answered))
        answering.add(answered)
      },
    })
    // The server refuses a subscription before it answers what was sent after it.
    await this.#orLost(this.#connection.flush())
    if (refusal !== undefined) {
      throw failed(
        `${subject}: expected a subscription, got ${messageOf(refusal)}; check the rights of the user`,
        refusal,
      )
    }
    return async () => {
      await this.#orLost(subscription.drain())
      await Promise.all(answering)
      await this.#orLost(this.#connection.flush())
    }
  }

  /** Ends the connection; what was not acknowledged may be lost. */
  async close(): Promise<void> {
    await this.#connection.close()
    this.#isConnected = false
    for (const listener of this.#listeners) listener()
  }

  /** Starts a watch. One that starts after the failure was told is ended, or it would go on for ever. */
  async #startWatch(options: KvWatchOptions): ReturnType<KV['watch']> {
    const starting = this.#kv.watch(options)
    try {
      return await this.#orLost(starting)
    } catch (error) {
      starting.then(
        (entries) => entries.stop(),
        () => {},
      )
      throw error
    }
  }

  /** The answer, or a failure as soon as the connection is lost, rather than after the time-out. */
  #orLost<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      answer.then(resolve, reject).finally(() => this.#waiting.delete(reject))
      if (!this.#isConnected) reject(new Error(LOST))
    })
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') this.#change(false)
      else if (type === 'reconnect') this.#change(true)
    }
    this.#change(false)
  }

  #change(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return
    this.#isConnected = isConnected
    if (!isConnected) for (const reject of this.#waiting) reject(new Error(LOST))
    for (const listener of this.#listeners) listener()
  }
}

/** The layout of a bucket is written once, by whoever comes first. */
async function checkVersion(kv: KV, bucket: string): Promise<void> {
  let entry = await kv.get(VERSION_KEY)
  if (entry === null || entry.operation !== 'PUT') {
    const revision = entry?.revision ?? 0
    await kv.put(VERSION_KEY, LAYOUT_VERSION, { previousSeq: revision }).catch(conflictOrThrow)
    entry = await kv.get(VERSION_KEY)
  }
  const version = entry?.string()
  if (version === LAYOUT_VERSION) return
  throw failed(
    `bucket ${bucket}: expected layout version ${LAYOUT_VERSION}, got ${JSON.stringify(version)}; ` +
      'use another bucket, or the same version of moonmeter on all hosts',
  )
}

function conflictOrThrow(error: unknown): typeof CONFLICT {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes
  const isConflict =
    error instanceof JetStreamApiError &&
    (error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown)
  if (isConflict) return CONFLICT
  throw error
}

function toEntry(entry: KvEntry): Entry {
  const { key, revision, operation, created } = entry
  const value = operation === 'PUT' ? entry.value : undefined
  return { key, revision, value, createdMs: created.getTime() }
}

/** Whether all that was there at the begin of a watch has come; entries may go meanwhile. */
function isLast({ isUpdate, delta }: KvWatchEntry): boolean {
  return isUpdate || delta === 0
}

function failed(message: string, cause?: unknown): MoonmeterError {
  return new MoonmeterError('NATS_FAILED', message, { cause })
}
