import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermissionViolationError, type Status } from '@nats-io/transport-node'
import { connectionChanges } from '../../src/nats/connection-changes.js'
import { type NatsConnectionChange, watchBucket } from '../../src/nats/index.js'
import { failure } from '../support/assertions/failures.js'
import { EngineAggregator } from '../../src/index.js'

const LOST = { type: 'disconnect', server: 'a:1' } as const
const BACK = { type: 'reconnect', server: 'b:1' } as const

async function changesOf(statuses: readonly Status[]): Promise<readonly NatsConnectionChange[]> {
  async function* all() {
    yield* statuses
  }
  const changes: NatsConnectionChange[] = []
  for await (const change of connectionChanges(all())) changes.push(change)
  return changes
}

function errorStatus(message: string): Status {
  return { type: 'error', error: new Error(message) }
}

const isBack = { connected: true, server: 'b:1', reason: undefined }

function isLost(reason: string) {
  return { connected: false, server: 'a:1', reason }
}

test('a loss has the reason that came before it', async () => {
  const closed = isLost('the server closed the connection')
  assert.deepEqual(await changesOf([LOST, { type: 'reconnecting' }, BACK]), [closed, isBack])
  assert.deepEqual(await changesOf([{ type: 'ping', pendingPings: 1 }, LOST]), [closed])
  assert.deepEqual(await changesOf([{ type: 'staleConnection' }, LOST]), [
    isLost('the server did not answer pings'),
  ])
  assert.deepEqual(await changesOf([errorStatus('expired'), LOST, BACK, LOST]), [
    isLost('expired'),
    isBack,
    closed,
  ])
})

test('attempts that fail for the same reason are one change', async () => {
  const errors = ['x', 'x', 'y', 'y', 'y'].flatMap((message) => [errorStatus(message), LOST])
  const statuses = [LOST, ...errors, BACK, BACK]
  assert.deepEqual(await changesOf(statuses), [
    isLost('the server closed the connection'),
    isLost('x'),
    isLost('y'),
    isBack,
  ])
})

test('a right that a user lacks is not the reason of a later loss', async () => {
  const error = new PermissionViolationError('no rights', 'publish', 's')
  assert.deepEqual(await changesOf([{ type: 'error', error }, LOST]), [
    isLost('the server closed the connection'),
  ])
})

test('the option is a function', async () => {
  const aggregator = new EngineAggregator()
  const options = { servers: 'nats://127.0.0.1:1', onConnection: 1 as never }
  await assert.rejects(watchBucket(aggregator, options), failure('INVALID_OPTION'))
  await aggregator.close()
})
