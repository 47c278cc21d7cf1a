import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EngineAggregator } from '../../../src/index.js'
import {
  type BucketWatch,
  type NatsSink,
  type NatsSinkOptions,
  natsSink,
  type WatchBucketOptions,
  watchBucket,
} from '../../../src/nats/index.js'
import { Child } from './child.js'

const ENGINE_FILE = fileURLToPath(new URL('../engines/nats-engine.js', import.meta.url))

/** Longer than a server takes to answer on a busy machine. */
export const ANSWER_MS_MAX = 40_000

/** An aggregator of a test that watches a bucket. */
export interface WatchingAggregator {
  readonly aggregator: EngineAggregator
  readonly watch: BucketWatch
  /** Rows of all engines. */
  readonly rows: () => number
}

/** Starts an aggregator that watches the bucket until the test ends. */
export async function startWatching(
  context: TestContext,
  options: WatchBucketOptions,
): Promise<WatchingAggregator> {
  const aggregator = new EngineAggregator()
  const watch = await watchBucket(aggregator, { timeoutMs: ANSWER_MS_MAX, ...options })
  context.after(async () => {
    await watch.close()
    await aggregator.close()
  })
  return { aggregator, watch, rows: () => aggregator.snapshot().rows }
}

/** Connects a sink, which is closed after the test: its connection would keep the process alive. */
export async function startSink(context: TestContext, options: NatsSinkOptions): Promise<NatsSink> {
  const sink = await natsSink({ timeoutMs: ANSWER_MS_MAX, ...options })
  context.after(() => sink.close({ timeoutMs: 0 }))
  return sink
}

/** Starts an engine in a separate process, which reads commands from its standard input. */
export async function startEngine(
  context: TestContext,
  url: string,
  instance: string,
  engine = 0,
): Promise<Child> {
  const child = new Child(context, process.execPath, [ENGINE_FILE, url, instance, `${engine}`], {
    input: { open: true },
  })
  await child.waitForStdout(/ready\n/)
  return child
}
