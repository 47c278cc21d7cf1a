import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { waitUntil } from '../support/processes/wait-until.js'

const DYING_ENGINE = new URL('../support/engines/dying-engine.js', import.meta.url)
const LIVES = 3

for (const death of ['exit', 'throw', 'terminate'] as const) {
  test(`a thread that ends by ${death} while it records leaves exact totals`, async (context) => {
    const aggregator = new EngineAggregator({ intervalMs: 5 })
    context.after(() => aggregator.close())
    let rows = 0
    for (let life = 0; life < LIVES; life++) {
      const link = aggregator.connect(0)
      const progress = new SharedArrayBuffer(16)
      const written = new Float64Array(progress)
      const worker = new Worker(DYING_ENGINE, {
        workerData: { link, death, progress },
        transferList: [...link.transferList],
      })
      worker.on('error', () => {})
      const exited = new Promise((resolve) => worker.on('exit', resolve))
      if (death === 'terminate') {
        await waitUntil('some rows', () => written[0] > 20_000)
        await worker.terminate()
      }
      await exited
      await waitUntil('the end of the incarnation', () => isDown(aggregator))
      const { load_get_count: count, load_get_total_keys: keys } = aggregator.stats(0).reduce()
      // All counters of a row are published together; the engine counts the row before and after.
      const recorded = count - rows
      assert.ok(recorded === written[0] || recorded === written[1], `${recorded} of ${written}`)
      assert.equal(aggregator.stats(0).reduce().load_get_total_bytes, 2 * keys)
      assert.equal(keys, 3 * count)
      rows = count
    }
    const samples = parseExposition(await aggregator.registry.metrics())
    const sampleOf = (suffix: string, le?: string) =>
      samples.find(
        ({ name, labels }) =>
          name === `vllm:mooncake_store_operation_${suffix}` && labels.le === le,
      )?.value
    assert.equal(sampleOf('time_seconds_count'), rows)
    assert.equal(sampleOf('time_seconds_bucket', '+Inf'), rows)
    assert.equal(sampleOf('time_seconds_sum'), rows / 4)
    assert.equal(sampleOf('total'), rows)
    assert.equal(sampleOf('bytes_total'), 6 * rows)
  })
}

async function isDown(aggregator: EngineAggregator): Promise<boolean> {
  return /^moonmeter_engines_up 0$/m.test(await aggregator.registry.metrics())
}
