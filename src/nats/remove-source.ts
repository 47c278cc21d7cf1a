import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'
import { engineIndex, instanceName } from '../source-identity.js'
import { Bucket } from './bucket.js'
import { decodeKey, encodeInstance, sourceKey } from './entry-key.js'
import { NATS_OPTION_NAMES, type NatsOptions, readNatsOptions } from './nats-options.js'

/** Options of `removeSource`. */
export interface RemoveSourceOptions extends NatsOptions {
  /** The instance to remove. */
  readonly instance: string
  /** The engine of the instance to remove; default all. */
  readonly engine?: number
}

/**
 * Remove an instance, or one engine of it, from the bucket and from all aggregators. This is the
 * only operation that makes totals go down. An engine that still runs reappears with all stats of
 * its incarnation.
 *
 * @returns the number of entries that were removed
 * @throws MoonmeterError `INVALID_OPTION`, `INVALID_ENGINE`, `NATS_FAILED`, `FILE_FAILED`
 */
export async function removeSource(options: RemoveSourceOptions): Promise<number> {
  refuseUnknownOptions('removeSource', options, [...NATS_OPTION_NAMES, 'instance', 'engine'])
  const instance = instanceName(options.instance)
  if (instance === undefined) {
    const message = 'removeSource.instance: expected the name of an instance, got none'
    throw new MoonmeterError('INVALID_OPTION', message)
  }
  const { engine } = options
  if (engine !== undefined) engineIndex(engine)
  const bucket = await Bucket.open(readNatsOptions('removeSource', options))
  try {
    const filter = engine === undefined ? encodeInstance(instance) : sourceKey({ instance, engine })
    const keys = await bucket.keys(`${filter}.>`)
    // Sums are removed last, so that an aggregator that starts meanwhile has them for the remaining
    // incarnations.
    const isFolded = (key: string) => Number(decodeKey(key)?.kind === 'folded')
    let removed = 0
    for (const key of keys.sort((left, right) => isFolded(left) - isFolded(right))) {
      const entry = await bucket.get(key)
      if (entry?.value === undefined) continue
      await bucket.delete(key, entry.revision)
      removed++
    }
    return removed
  } catch (cause) {
    const message = `removeSource: expected to remove the entries, got ${String(cause)}`
    throw new MoonmeterError('NATS_FAILED', message, { cause })
  } finally {
    await bucket.close()
  }
}
