import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { HEADER } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { Random } from '../../src/simulate/random.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { pick } from '../support/generators/draws.js'
import { HOSTILE_ENGINE, mutated } from '../support/generators/mutations.js'
import { waitUntil } from '../support/processes/wait-until.js'

const PORT_PAYLOADS = 5_000
const TURN_EVERY = 1_000
const TIMEOUT = { timeout: 100_000 }
const engine = HOSTILE_ENGINE

test(
  `${PORT_PAYLOADS} hostile messages by a port are all read, and each rejection is counted once`,
  TIMEOUT,
  async () => {
    let refused = 0
    const aggregator = new EngineAggregator({ onRejected: () => refused++ })
    const link = aggregator.connect(engine)
    const random = new Random(7, 0)
    const strange: unknown[] = ['text', 5, null, undefined, 1n, {}, [], new Map(), new Date(0)]
    strange.push(new ArrayBuffer(8), new SharedArrayBuffer(8), new Float64Array(3), new Error('x'))
    strange.push(new Uint8Array(new SharedArrayBuffer(8)), new DataView(new ArrayBuffer(3)))
    let sent = 0
    for (const payload of mutated(random, PORT_PAYLOADS)) {
      // A copy, since posting a view copies its whole buffer: 64 KiB on Node 26.
      const bytes = new Uint8Array(payload)
      link.port.postMessage(random.below(10) === 0 ? pick(random, strange) : bytes)
      if (++sent % TURN_EVERY === 0) await turn()
    }
    const words = new Int32Array(link.journal)
    await waitUntil('all messages', () => words[HEADER.acknowledged] === PORT_PAYLOADS)
    const samples = parseExposition(await aggregator.registry.metrics())
    const reports = samples.find(({ name }) => name === 'moonmeter_engine_reports_total')?.value
    const counted = samples
      .filter(({ name }) => name === 'moonmeter_payloads_rejected_total')
      .reduce((sum, { value }) => sum + value, 0)
    console.log(`${PORT_PAYLOADS} messages by a port: ${refused} rejected, ${reports} new reports`)
    assert.equal(counted, refused)
    assert.ok(refused > 0 && reports !== undefined)
    // The link still works, and the journal determines the final counts.
    const recorder = createRecorder(link)
    recorder.record('load_get', 0.5, 1)
    recorder.close()
    await aggregator.close()
    assert.equal(aggregator.stats(engine).rows, 1)
  },
)
