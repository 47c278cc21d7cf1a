import { JetStreamApiCodes, JetStreamApiError, jetstream } from '@nats-io/jetstream'
import { type KV, type KvEntry, Kvm, type KvWatchEntry, type KvWatchOptions } from '@nats-io/kv'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { callSafely } from '../call-safely.js'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { connectTo } from './connect.js'
import { connectionChanges } from './connection-changes.js'
import { LAYOUT_VERSION, VERSION_KEY } from './entry-key.js'
import type { NatsSettings } from './nats-options.js'
import { untilElected } from './until-elected.js'

const LOST = 'the connection was lost'

/** The current state of one entry: a value, or the marker of a deletion. */
export interface Entry {
  readonly key: string
  readonly revision: number
  /** Undefined if the entry was deleted. */
  readonly value: Uint8Array | undefined
  /** The time at which the server stored it, in milliseconds since 1970. */
  readonly createdMs: number
}

/** A watch of all entries: first the current entries, then each change. */
export interface EntryWatch extends AsyncIterable<Entry & { readonly isLast: boolean }> {
  stop(): void
}

/** Operations on single entries of a bucket. */
export type EntryStore = Pick<Bucket, 'isConnected' | 'get' | 'put' | 'delete' | 'removeMarker'>

/** The methods that the check for missed changes calls. */
export type EntryReader = Pick<Bucket, 'get' | 'revisions'>

/**
 * The result of a write whose expected revision is not the current one: another client has written
 * the entry.
 */
export const CONFLICT = Symbol('conflict')

/** A connection to the bucket of a fleet. It reconnects until it is closed. */
export class Bucket {
  readonly #settings: NatsSettings
  readonly #connection: NatsConnection
  readonly #kv: KV
  readonly #listeners = new Set<() => void>()
  #isConnected = true
  #isClosed = false
  /** Functions that reject the requests that wait for an answer. */
  readonly #waiting = new Set<(error: Error) => void>()

  private constructor(settings: NatsSettings, connection: NatsConnection, kv: KV) {
    this.#settings = settings
    this.#connection = connection
    this.#kv = kv
    void this.#follow()
  }

  /**
   * Connects, opens or creates the bucket, and checks the version of its layout.
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
          // The leader answers reads, since an answer of a replica could be old.
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
        `bucket ${bucket} at ${servers.join(', ')}: expected a usable bucket of JetStream, ` +
          `got ${messageOf(cause)}; start the server with JetStream, and check the number of ` +
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
   * Calls a function whenever the connection is established or lost.
   *
   * @returns a function that removes the listener
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads one entry from the leader of the bucket; undefined if the key was never written. */
  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#orLost(this.#kv.get(key))
    return entry === null ? undefined : toEntry(entry)
  }

  /**
   * Writes an entry if its revision has not changed.
   *
   * @param revision of the entry or its marker; 0 if there is neither
   * @returns the new revision, or `CONFLICT` if the entry has another revision; nothing is written
   * then
   */
  async put(key: string, value: Uint8Array, revision: number): Promise<number | typeof CONFLICT> {
    const { timeoutMs: timeout } = this.#settings
    return this.#orLost(this.#kv.put(key, value, { previousSeq: revision, timeout })).catch(
      conflictOrThrow,
    )
  }

  /** Deletes an entry if its revision has not changed. A marker replaces it. */
  async delete(key: string, revision: number): Promise<typeof CONFLICT | undefined> {
    const deleted = this.#orLost(this.#kv.delete(key, { previousSeq: revision }))
    return deleted.then(() => undefined, conflictOrThrow)
  }

  /** Removes the marker of a deleted entry, if it exists. */
  async removeMarker(key: string, revision: number): Promise<void> {
    const isThere = async () => {
      const entry = await this.get(key)
      return entry?.revision === revision && entry.value === undefined
    }
    if (!(await isThere())) return
    const manager = await this.#orLost(jetstream(this.#connection).jetstreamManager(false))
    try {
      // The message is deleted by its number: a purge of the key makes nats-server 2.9 skip
      // messages of other keys in watches.
      await this.#orLost(
        manager.streams.deleteMessage(`KV_${this.#settings.bucket}`, revision, false),
      )
    } catch (error) {
      // Another aggregator may have removed the marker meanwhile.
      if (await isThere()) throw error
    }
  }

  /**
   * The newest revision of each key, of entries and of markers.
   *
   * @throws Error if the list stops before its end
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
        // The entry of the version always exists, so there is a last entry.
        if (isLast(entry)) return revisions
      }
    } finally {
      clearTimeout(timer)
    }
    throw new Error(`keys of the bucket: expected one within ${timeoutMs} ms, got none`)
  }

  /** The newest revision in the bucket, from its leader. */
  async newest(): Promise<number> {
    const { bucket } = this.#settings
    const manager = await this.#orLost(jetstream(this.#connection).jetstreamManager(false))
    const message = await this.#orLost(
      manager.streams.getMessage(`KV_${bucket}`, { last_by_subj: `$KV.${bucket}.>` }),
    )
    // The entry of the version always exists.
    return message?.seq ?? 0
  }

  /**
   * Watches all entries. The watch ends when it is stopped, or with an error when the connection
   * fails.
   */
  async watch(filter = '>'): Promise<EntryWatch> {
    const entries = await this.#startWatch({ key: filter })
    return {
      stop: () => entries.stop(),
      async *[Symbol.asyncIterator]() {
        for await (const entry of entries) yield { ...toEntry(entry), isLast: isLast(entry) }
      },
    }
  }

  /** The keys of the existing entries that match a filter. */
  async keys(filter: string): Promise<string[]> {
    const keys: string[] = []
    for await (const key of await this.#orLost(this.#kv.keys(filter))) keys.push(key)
    return keys
  }

  /**
   * Answers messages of a subject. The server delivers each message to one of the clients with the
   * same queue.
   *
   * @param answer returns the reply, which is sent if the sender requests one
   * @returns a function that unsubscribes, and resolves when all received messages are answered
   * @throws MoonmeterError `NATS_FAILED` if the user may not subscribe
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
          // The connection was lost or closed. The sender gets no answer and retries.
          .catch(() => {})
          .finally(() => answering.delete(answered))
        answering.add(answered)
      },
    })
    // The server rejects a subscription before it answers this later request.
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

  /** Closes the connection. Writes without acknowledgement may be lost. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connection.close()
    this.#isConnected = false
    for (const listener of this.#listeners) listener()
  }

  /**
   * Starts a watch. If the connection failed meanwhile, the watch is stopped, since nothing else
   * would stop it.
   */
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

  /**
   * The answer of a request. Rejects when the connection is lost, before the time-out of the
   * request.
   */
  #orLost<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      answer.then(resolve, reject).finally(() => this.#waiting.delete(reject))
      if (!this.#isConnected) reject(new Error(LOST))
    })
  }

  async #follow(): Promise<void> {
    const { onConnection } = this.#settings
    for await (const change of connectionChanges(this.#connection.status())) {
      this.#change(change.connected)
      if (!this.#isClosed) callSafely('onConnection', () => onConnection?.(change))
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

/** Checks the version of the layout. The first client writes it. */
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

/**
 * Whether a watch has received all entries that existed at its start, some of which may be deleted
 * meanwhile.
 */
function isLast({ isUpdate, delta }: KvWatchEntry): boolean {
  return isUpdate || delta === 0
}

function failed(message: string, cause?: unknown): MoonmeterError {
  return new MoonmeterError('NATS_FAILED', message, { cause })
}
