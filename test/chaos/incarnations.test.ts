import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { EngineAggregator } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import type { ChaosTask, EndingFromInside } from '../support/engines/chaos-engine.js'

const LIVES = Number(process.env.MOONMETER_INCARNATIONS ?? 30)
const ENGINES = 3
const ENDINGS = ['exit', 'throw', 'reject', 'memory', 'terminate', 'abort'] as const
const LIFE_MS_MAX = 40
const EXPECTED_ERRORS = {
  throw: ['chaos'],
  reject: ['chaos'],
  memory: ['ERR_WORKER_OUT_OF_MEMORY'],
} as const
const HEAP_MB_MAX = 12
const SCRAPE_MS = 15
const DEADLINE_MS = 30_000
/**
 * An incarnation usually takes 0.1 s; a second per incarnation is a failure even on a slow machine.
 */
const TIMEOUT = { timeout: DEADLINE_MS + 1_000 * LIVES }
const ENGINE_FILE = fileURLToPath(new URL('../support/engines/chaos-engine.js', import.meta.url))

const piscina = new Piscina({
  filename: ENGINE_FILE,
  name: 'run',
  minThreads: ENGINES,
  maxThreads: ENGINES,
  idleTimeout: Number.POSITIVE_INFINITY,
  atomics: 'disabled',
})
after(() => piscina.destroy())

test(
  `of ${LIVES} incarnations ended at random moments no record is lost or counted twice`,
  TIMEOUT,
  async () => {
    const aggregator = new EngineAggregator({ intervalMs: 10, silentAfterMs: DEADLINE_MS })
    const watch = watchCounters(aggregator)
    let lost = 0
    let twice = 0
    let rows = 0
    const endings = new Map<string, number>()
    let next = 0
    const engine = async (index: number) => {
      let doneBefore = 0
      let begunBefore = 0
      while (next < LIVES) {
        const ending = ENDINGS[next++ % ENDINGS.length] ?? 'exit'
        endings.set(ending, (endings.get(ending) ?? 0) + 1)
        const counters = new Float64Array(new SharedArrayBuffer(16))
        await live(aggregator, index, ending, counters.buffer)
        const [begun = 0, done = 0] = counters
        assert.ok(begun > 0, `a incarnation by ${ending} recorded something`)
        assert.ok(begun - done <= 1)
        begunBefore += begun
        doneBefore += done
        const counted = aggregator.stats(index).rows
        lost += Math.max(0, doneBefore - counted)
        twice += Math.max(0, counted - begunBefore)
        // One row may be incomplete at the end of each incarnation, so continue from the aggregated
        // count.
        doneBefore = counted
        begunBefore = counted
        rows += done
      }
    }
    await Promise.all(Array.from({ length: ENGINES }, (_, index) => engine(index)))
    await watch.stop()
    const text = await aggregator.registry.metrics()
    await aggregator.close()
    const exposed = parseExposition(text)
      .filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
      .reduce((sum, { value }) => sum + value, 0)
    assert.equal(exposed, aggregator.stats().rows)
    console.log(
      `${LIVES} incarnations, ${[...endings].map(([how, count]) => `${count} by ${how}`).join(', ')}; ` +
        `${rows} rows, ${watch.scrapes} scrapes; records lost ${lost}, counted twice ${twice}, ` +
        `counters that went down ${watch.wentDown}`,
    )
    assert.deepEqual({ lost, twice, wentDown: watch.wentDown }, { lost: 0, twice: 0, wentDown: 0 })
    assert.ok(watch.scrapes > 0)
  },
)

/** Runs one incarnation of an engine until its port has closed. */
async function live(
  aggregator: EngineAggregator,
  index: number,
  ending: (typeof ENDINGS)[number],
  counters: ArrayBufferLike,
): Promise<void> {
  const link = aggregator.connect(index)
  const endedFromOutside = ending === 'terminate' || ending === 'abort'
  const task: ChaosTask = {
    link,
    ending: endedFromOutside ? 'loop' : (ending as EndingFromInside),
    endAfterMs: Math.random() * LIFE_MS_MAX,
    counters: counters as SharedArrayBuffer,
    // Node handles a rejection only between turns of the event loop.
    busy: ending !== 'reject' && Math.random() < 0.5,
  }
  if (ending === 'abort') await abortedTask(task)
  else await endedWorker(task, ending)
  await waitFor(async () => !(await isUp(aggregator, index)))
}

async function abortedTask(task: ChaosTask): Promise<void> {
  const abort = new AbortController()
  const options = { signal: abort.signal, transferList: [...task.link.transferList] }
  const ended = assert.rejects(piscina.run(task, options), { name: 'AbortError' })
  await waitFor(() => new Float64Array(task.counters)[0] !== 0)
  await sleep(Math.random() * LIFE_MS_MAX)
  abort.abort()
  await ended
}

async function endedWorker(task: ChaosTask, ending: string): Promise<void> {
  const worker = new Worker(ENGINE_FILE, {
    workerData: task,
    transferList: task.link.transferList,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  })
  const errors: NodeJS.ErrnoException[] = []
  worker.on('error', (error) => errors.push(error))
  const exited = new Promise((resolve) => worker.once('exit', resolve))
  if (ending === 'terminate') {
    await waitFor(() => new Float64Array(task.counters)[0] !== 0)
    await sleep(Math.random() * LIFE_MS_MAX)
    await worker.terminate()
  }
  await exited
  const got = errors.map((error) => error.code ?? error.message)
  assert.deepEqual(got, EXPECTED_ERRORS[ending as keyof typeof EXPECTED_ERRORS] ?? [])
}

/** Whether the engine has an incarnation that has not ended. */
async function isUp(aggregator: EngineAggregator, index: number): Promise<boolean> {
  const line = `moonmeter_engine_up{engine="${index}"} 1\n`
  return (await aggregator.registry.metrics()).includes(line)
}

/** Scrapes continuously and counts the counters that went down between two scrapes. */
function watchCounters(aggregator: EngineAggregator) {
  const watch = { scrapes: 0, wentDown: 0, stop: async () => {} }
  let stopped = false
  const loop = async () => {
    const before = new Map<string, number>()
    while (!stopped) {
      const samples = parseExposition(await aggregator.registry.metrics())
      for (const { name, labels, value } of samples) {
        if (!/_(total|bucket|count|sum)$/.test(name)) continue
        const key = name + JSON.stringify(labels)
        if (value < (before.get(key) ?? 0)) watch.wentDown++
        before.set(key, value)
      }
      watch.scrapes++
      await sleep(SCRAPE_MS)
    }
  }
  const done = loop()
  watch.stop = () => {
    stopped = true
    return done
  }
  return watch
}

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('expected the condition to come true')
    await sleep(2)
  }
}
