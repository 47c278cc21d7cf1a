import assert from 'node:assert/strict'
import { MoonmeterError } from '../../../src/index.js'
import { type NatsOptions, natsSink } from '../../../src/nats/index.js'
import { ANSWER_MS_MAX } from '../processes/fleet.js'

/** Connects to a bucket and closes the connection. */
export async function connectOnce(options: NatsOptions): Promise<void> {
  const nats = await natsSink({ timeoutMs: ANSWER_MS_MAX, ...options, instance: 'a' })
  await nats.close()
}

/** The code and the message of the error of a rejected promise. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('expected a failure'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof MoonmeterError, String(error))
  return `${error.code} ${error.message}`
}
