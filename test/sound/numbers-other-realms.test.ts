import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { EngineAggregator, MooncakeStoreConnectorStats } from '../../src/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes } from '../support/generators/reports.js'
import { Child } from '../support/processes/child.js'

const IN_CONTEXT = fileURLToPath(new URL('../support/processes/in-context.js', import.meta.url))
const ROWS = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 1 }] })

/** The same bytes in memory of another kind. */
const KINDS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  'of another realm': (bytes) => {
    return runInNewContext('new Uint8Array(bytes)', { bytes: [...bytes] })
  },
  'of another realm in shared memory': (bytes) => {
    const copy = '(shared.set(bytes), shared)'
    const shared = 'const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));'
    return runInNewContext(`${shared} ${copy}`, { bytes: [...bytes] })
  },
  'in a Buffer': (bytes) => Buffer.from(bytes),
  'in the middle of a larger array': (bytes) => {
    return Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(3)]).subarray(3, 3 + bytes.length)
  },
  'in resizable memory': (bytes) => {
    const options = { maxByteLength: 2 * bytes.length }
    const memory: ArrayBuffer = Reflect.construct(ArrayBuffer, [bytes.length, options])
    const resizable = new Uint8Array(memory)
    resizable.set(bytes)
    return resizable
  },
  'of a class with getters that throw': (bytes) => {
    class Hostile extends Uint8Array {
      override get length(): never {
        throw new Error('not yours')
      }
      override get buffer(): never {
        throw new Error('not yours')
      }
      override subarray(): never {
        throw new Error('not yours')
      }
    }
    return new Hostile(bytes)
  },
}

for (const [what, make] of Object.entries(KINDS)) {
  test(`bytes ${what} are read like any others`, async () => {
    const aggregator = new EngineAggregator()
    for (const bytes of [ROWS, reportBytes({ engine: 1 })]) {
      const result = aggregator.ingest(make(bytes), { engine: 1 })
      assert.deepEqual(result, { accepted: true })
    }
    assert.equal(aggregator.stats(1).rows, 2)
    assert.equal(MooncakeStoreConnectorStats.fromPayload(make(ROWS)).rows, 1)
    await aggregator.close()
  })
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function detached(): Uint8Array {
  const bytes = ROWS.slice()
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

function shrunk(): Uint8Array {
  const memory = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }])
  const bytes = new Uint8Array(memory, 4, 4)
  memory.resize(2)
  return bytes
}

test('a value that is not bytes is rejected for its type, also if it throws when it is read', async () => {
  const throwing = new Proxy(ROWS, {
    get() {
      throw new Error('not yours')
    },
  })
  const wrong: readonly unknown[] = [
    ...[null, undefined, 5, 10n, 'text', Symbol('text'), true, () => {}, {}, [1], new Map()],
    ...[new ArrayBuffer(4), new Uint16Array(4), new DataView(new ArrayBuffer(4))],
    ...[Object.create(null), Object.create(Uint8Array.prototype), { length: 4, 0: 1 }],
    ...[new Proxy(ROWS, {}), throwing, revoked(), detached(), shrunk()],
    { toString: null, valueOf: null, constructor: { name: { toString: null } } },
  ]
  const aggregator = new EngineAggregator()
  for (const bytes of wrong as Uint8Array[]) {
    const result = aggregator.ingest(bytes, { engine: 0 })
    assert.ok(!result.accepted && failure('INVALID_PAYLOAD', 'type')(result.error))
    const read = () => MooncakeStoreConnectorStats.fromPayload(bytes)
    assert.throws(read, failure('INVALID_PAYLOAD', 'type'))
  }
  const text = await aggregator.registry.metrics()
  assert.match(text, new RegExp(`_rejected_total{reason="type"} ${wrong.length}\n`))
  await aggregator.close()
})

test('an aggregator in a vm context accepts the reports of its threads', async (context) => {
  const args = ['--experimental-vm-modules', '--no-warnings', IN_CONTEXT]
  const { code, stdout, stderr } = await new Child(context, process.execPath, args).end()
  assert.equal(code, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), { reports: 1, rows: 1, rejections: [] })
})
