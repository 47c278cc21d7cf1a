import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { STORE_METRICS } from '../../src/catalogue.js'
import { countsOf, readResult } from '../support/assertions/simulation-result.js'
import { Child } from '../support/processes/child.js'
import {
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import {
  PROMETHEUS_SKIP,
  type Prometheus,
  startPrometheus,
} from '../support/processes/prometheus.js'
import { waitUntil } from '../support/processes/wait-until.js'

const CONVERSATIONS = 40
const TURNS = 10
const REQUESTS = CONVERSATIONS * TURNS
/** Ten seconds of requests: Prometheus takes five to find its targets. */
const REQUEST_GAP_MS = 25
const WAIT_MS_MAX = 60_000
const BLOCK_TOKENS = 512
/** vLLM names its metrics so; a colon is all that is to be found fault with. */
const UNAVOIDABLE = /^vllm:\w+ metric names should not contain ':'$/
const BUCKETS = `${STORE_METRICS.durationSeconds.name}_bucket`

test('a Prometheus server scrapes a simulation without a complaint and sums up its totals', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const directory = temporaryDirectory(context)
  const json = join(directory, 'result.json')
  const simulation = startCommand(context, [
    ...['simulate', '--trace', traceFile(directory), '--engines', '2', '--speed', '1'],
    ...['--duration', '0', '--error-rate', '0.05', '--listen', '127.0.0.1:0', '--json', json],
  ])
  const target = await servedUrl(simulation)
  const prometheus = await startPrometheus(context, {
    directory,
    jobs: { moonmeter: `${new URL('/metrics', target)}` },
  })

  await waitUntil('the target scraped', async () => {
    const [active] = await prometheus.targets()
    return active?.health === 'up' && active.lastError === ''
  })
  const counts = await waitUntil(
    'the counters at their end',
    async () => {
      const sums = await operationSums(prometheus)
      const ended =
        sums.lookup_exists?.calls === REQUESTS &&
        sums.save_exists?.calls === REQUESTS &&
        sums.save_put?.keys === REQUESTS
      return ended && sums
    },
    WAIT_MS_MAX,
  )
  // Each turn of a conversation has one block more than the one before it.
  assert.equal(counts.lookup_exists?.keys, (CONVERSATIONS * TURNS * (TURNS + 1)) / 2)

  const rate = `sum by (le) (rate(${BUCKETS}[1m]))`
  const answer = await prometheus.query(`histogram_quantile(0.9, ${rate})`)
  assert.equal(answer.length, 1, 'it saw the counters grow')
  const [p90] = answer
  assert.ok(Number(p90?.value[1]) > 0 && Number(p90?.value[1]) <= 4, JSON.stringify(p90))
  const [infinite] = await prometheus.query(`sum(${BUCKETS}{le="+Inf"})`)
  const [calls] = await prometheus.query(`sum(${STORE_METRICS.operations.name})`)
  assert.equal(infinite?.value[1], calls?.value[1])

  assert.deepEqual(prometheus.complaints(), [])

  simulation.kill('SIGINT')
  const { code, stderr } = await simulation.end()
  assert.equal(code, 0, stderr)
  assert.deepEqual(countsOf(readResult(json).operations), counts)
})

test('promtool finds nothing wrong with the exposition but the names that vLLM gave', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const args = ['simulate', '--engines', '2', '--duration', '0', '--listen', '127.0.0.1:0']
  const simulation = startCommand(context, args)
  const url = await servedUrl(simulation)
  const input = await waitUntil('a scrape with faults', async () => {
    const text = await scrape(url)
    return text.includes('status="error"') && text
  })
  const { stdout, stderr } = await new Child(context, 'promtool', ['check', 'metrics'], {
    input,
  }).end()
  const remarks = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  for (const remark of remarks) context.diagnostic(remark)
  assert.deepEqual(
    remarks.filter((remark) => !UNAVOIDABLE.test(remark)),
    [],
  )
})

/** Conversations that take turns, and at the end a request that does nothing, much later. */
function traceFile(directory: string): string {
  const lines = Array.from({ length: REQUESTS }, (_, index) => {
    const conversation = index % CONVERSATIONS
    const blocks = Math.floor(index / CONVERSATIONS) + 1
    const first = conversation * (TURNS + 1)
    const partial = CONVERSATIONS * (TURNS + 1) + index
    return traceLine(index * REQUEST_GAP_MS, blocks * BLOCK_TOKENS + 1, [
      ...Array.from({ length: blocks }, (_, block) => first + block),
      partial,
    ])
  })
  const path = join(directory, 'trace.jsonl')
  writeFileSync(path, [...lines, traceLine(600_000, 1, [0])].join('\n'))
  return path
}

function traceLine(timestamp: number, inputLength: number, hashIds: number[]): string {
  const line = { timestamp, input_length: inputLength, output_length: 1, hash_ids: hashIds }
  return JSON.stringify(line)
}

/** What Prometheus has of each operation, over all engines and statuses. */
async function operationSums(prometheus: Prometheus) {
  const { operations, keys, bytes, failedKeys } = STORE_METRICS
  const queries = {
    calls: operations.name,
    keys: keys.name,
    bytes: bytes.name,
    failedKeys: failedKeys.name,
    errors: `${operations.name}{status="error"}`,
  }
  const sums: Record<string, Record<keyof typeof queries, number>> = {}
  for (const [name, series] of Object.entries(queries)) {
    for (const { metric, value } of await prometheus.query(`sum by (operation) (${series})`)) {
      const { operation = '' } = metric
      sums[operation] ??= { calls: 0, keys: 0, bytes: 0, failedKeys: 0, errors: 0 }
      sums[operation][name as keyof typeof queries] = Number(value[1])
    }
  }
  return sums
}
