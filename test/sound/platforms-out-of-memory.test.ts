import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Child } from '../support/processes/child.js'

const INDEX = new URL('../../src/index.js', import.meta.url)
const ENGINE = new URL('../support/engines/mortal-engine.js', import.meta.url)
const ROWS = 100
/** From its rows until the pool is stopped: all the time it takes, or that of one that does not hang. */
const WAIT_MS = { reported: 15_000, hanging: 2_000 }
const TERMINATE_MS = 300
const LOOK_MS = 20
const LIFE_MS_MAX = 100_000
const MAJOR = Number(process.versions.node.split('.')[0])

type End = 'reported' | 'stopped before its limit' | 'process ended' | 'thread hangs'

/** What Node does with a thread that reaches its heap limit in small steps. */
function expectedEnds(major: number): readonly End[] {
  if (major <= 22) return ['reported', 'stopped before its limit']
  return ['reported', 'stopped before its limit', 'process ended', 'thread hangs']
}

/** Runs an engine to its heap limit in a process of its own. */
async function runOutOfMemory(context: TestContext, name: string, waitMs: number): Promise<End> {
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises'
    import { EngineAggregator, EnginePool } from '${INDEX}'
    const aggregator = new EngineAggregator()
    const counters = new SharedArrayBuffer(16)
    const pool = new EnginePool({
      aggregator,
      filename: new URL('${ENGINE}'),
      name: '${name}',
      engines: 1,
      task: () => ({ counters, rows: ${ROWS} }),
      restart: { restartsMax: 0 },
      resourceLimits: { maxOldGenerationSizeMb: 24 },
      stopTimeoutMs: 0,
      terminateTimeoutMs: ${TERMINATE_MS},
    })
    const running = pool.run()
    // The engine records its rows before it fills the heap.
    while (aggregator.stats(0).rows < ${ROWS}) await sleep(${LOOK_MS})
    await Promise.race([running, sleep(${waitMs}, undefined, { ref: false })])
    const [{ reason }] = await pool.stop()
    console.log(reason, aggregator.stats(0).rows)
    // process.exit() would wait for the thread.
    if (reason === 'lost') process.kill(process.pid, 'SIGKILL')`
  const args = ['--input-type=module', '--eval', script]
  const child = new Child(context, process.execPath, args, { lifeMsMax: LIFE_MS_MAX })
  const { code, signal, stdout, stderr } = await child.end()
  if (/FATAL ERROR: .*heap/i.test(stderr)) return 'process ended'
  const ends: Record<string, End> = {
    out_of_memory: 'reported',
    aborted: 'stopped before its limit',
    lost: 'thread hangs',
  }
  const [reason, rows] = stdout.trim().split(' ')
  const end = ends[reason ?? '']
  assert.ok(end, `${code} ${signal} ${stdout} ${stderr}`)
  assert.equal(Number(rows), ROWS, 'every row counts')
  assert.deepEqual([code, signal], reason === 'lost' ? [null, 'SIGKILL'] : [0, null], stderr)
  return end
}

test('an engine that reaches its heap limit by large arrays is told of, on every Node', async (context) => {
  assert.equal(await runOutOfMemory(context, 'out_of_memory', WAIT_MS.reported), 'reported')
})

test('one that does so by small arrays is told of, lost, or ends the process, as its Node does', async (context) => {
  const end = await runOutOfMemory(context, 'out_of_memory_in_small_steps', WAIT_MS.hanging)
  assert.ok(expectedEnds(MAJOR).includes(end), `Node ${MAJOR}: ${end}`)
  console.log(`out of memory in small steps on Node ${process.version}: ${end}`)
})
