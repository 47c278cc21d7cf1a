import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { dashboardHandler } from '../../src/dashboard/index.js'
import {
  EngineAggregator,
  KVConnectorLogging,
  listen,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
  MoonmeterError,
  metricsHandler,
} from '../../src/index.js'
import { connectRecorder, createRecorder, instrumentStore } from '../../src/recorder/index.js'
import { FOREIGN_VALUES, NOT_YOURS } from '../support/generators/foreign-values.js'

/** A public function with options: creates an object with them, and closes it. */
interface Case {
  /** Options that the function requires. */
  readonly own?: object
  /** Whether all calls are rejected. */
  readonly isRefused?: boolean
  call(options: never): unknown
  end?(made: never): unknown
}

const MESSAGE_LENGTH_MAX = 700
const EMPTY_PAYLOAD = Uint8Array.of(0x80)
const ROWS = MooncakeStoreConnectorStats.fromRows({
  load_get: [{ duration_seconds: 1, num_keys: 1 }],
})

const aggregator = new EngineAggregator()
const client = { batchGet: () => [] }
const sink = { isReady: () => true, send() {}, close() {} }

const CASES: Readonly<Record<string, Case>> = {
  EngineAggregator: {
    call: (options) => new EngineAggregator(options),
    async end(made: EngineAggregator) {
      const recorder = createRecorder(made.connect(0))
      recorder.record('load_get', 1, 1)
      recorder.close()
      made.ingest(EMPTY_PAYLOAD, { engine: 1 })
      made.ingest(new Uint8Array(), { engine: 1 })
      await made.close()
      JSON.stringify([made.snapshot(), made.stats()])
      await made.registry.metrics()
    },
  },
  'aggregator.ingest': { call: (options) => aggregator.ingest(EMPTY_PAYLOAD, options) },
  'aggregator.disconnect': { call: (options) => aggregator.disconnect(0, options) },
  'aggregator.close': { call: (options) => new EngineAggregator().close(options) },
  metricsHandler: { call: (options) => metricsHandler(aggregator, options) },
  dashboardHandler: { call: (options) => dashboardHandler(aggregator, options) },
  listen: {
    own: { port: 0 },
    call: (options) => listen(aggregator, options),
    end: (made: Awaited<ReturnType<typeof listen>>) => made.close(),
  },
  KVConnectorLogging: {
    own: { log() {} },
    call: (options) => new KVConnectorLogging(options),
    end(made: KVConnectorLogging) {
      made.observe(ROWS)
      made.log()
    },
  },
  MooncakeStorePromMetrics: {
    own: {
      modelName: 'm',
      get registry() {
        return new Registry()
      },
    },
    call: (options) => new MooncakeStorePromMetrics(options),
  },
  MooncakeStoreConnectorStats: { call: (options) => new MooncakeStoreConnectorStats(options) },
  createRecorder: {
    own: { engine: 0, sink },
    call: (options) => createRecorder(options),
    end: (made: ReturnType<typeof createRecorder>) => made.close(),
  },
  'createRecorder(link)': {
    call(options) {
      createRecorder(aggregator.connect(0), options).close()
    },
  },
  // This is not a thread of an aggregator that accepts threads.
  connectRecorder: { isRefused: true, call: (options) => connectRecorder(options) },
  instrumentStore: {
    call: (options) => instrumentStore(client, createRecorder({ engine: 0, sink }), options),
    end: (made: typeof client) => made.batchGet(),
  },
}

/**
 * Fails unless the error is a `MoonmeterError` with one short line, or that of a caller's getter.
 */
function assertRefusal(error: unknown, what: string): void {
  if (error instanceof Error && error.message === NOT_YOURS) return
  assert.ok(error instanceof MoonmeterError, `${what}: ${(error as Error)?.stack}`)
  assert.ok(error.message.length <= MESSAGE_LENGTH_MAX, `${what}: ${error.message.length}`)
  assert.ok(!error.message.includes('\n'), `${what}: ${error.message}`)
}

/** The names of the options of a function, as its message about an unknown one lists them. */
async function namesOf({ call, own }: Case): Promise<readonly string[]> {
  try {
    await call({ ...own, unknown: 1 } as never)
  } catch (error) {
    const [, names] = /expected one of (.*), got an option/.exec((error as Error).message) ?? []
    if (names !== undefined) return names.split(', ')
  }
  throw new Error('expected a message with the names of the options')
}

for (const [name, tested] of Object.entries(CASES)) {
  test(`${name}: options of any type are accepted or rejected with a MoonmeterError`, async () => {
    const { own, call, end, isRefused } = tested
    const names = await namesOf(tested)
    const given: readonly (readonly [string, unknown])[] = [
      ...FOREIGN_VALUES.map((value) => ['options', value] as const),
      ...names.flatMap((option) =>
        FOREIGN_VALUES.map((value) => [option, { ...own, [option]: value }] as const),
      ),
    ]
    let taken = 0
    for (const [what, options] of given) {
      try {
        const made = await call(options as never)
        await end?.(made as never)
        taken++
      } catch (error) {
        assertRefusal(error, what)
      }
    }
    // So that options are not all rejected for one reason.
    assert.ok(taken < given.length && (isRefused || taken >= names.length), `${taken} taken`)
  })
}

test('the aggregator that the options were tried with can be closed', () => aggregator.close())
