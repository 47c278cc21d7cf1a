import type { TestContext } from 'node:test'
import { EngineAggregator, EnginePool, type PoolOptions } from '../../../src/index.js'

/** The file with the engines of the tests. */
export const POOL_ENGINE = new URL('./pool-engine.js', import.meta.url)

/** A pool with its aggregator; both are closed when the test ends. */
export function newPool(context: TestContext, options: Partial<PoolOptions> = {}) {
  const aggregator = new EngineAggregator({ intervalMs: 20 })
  const pool = new EnginePool({
    aggregator,
    filename: POOL_ENGINE,
    engines: 1,
    restart: { restartsMax: 0 },
    stopTimeoutMs: 200,
    ...options,
  })
  context.after(async () => {
    await pool.stop()
    await aggregator.close()
  })
  return { aggregator, pool }
}
