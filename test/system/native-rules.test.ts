import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator, metricsHandler } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { ruleFile } from '../../src/rules/rule-file.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { PROMETHEUS_SKIP, startPrometheus } from '../support/processes/prometheus.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const RECORD_MS = 20
const DURATION_SECONDS = 0.02
/** The least p99 in seconds of a bucket from 10 to 50 ms, and of a native one around 20 ms. */
const P99_MIN = { text: 0.045, native: 0.019 }
const P99_MAX = { text: 0.05, native: 0.021 }
const P99 = 'instance_engine_operation:vllm_mooncake_store_operation_time_seconds:p99_4s'
const P99_OF_JOB = 'job_operation:vllm_mooncake_store_operation_time_seconds:p99_4s'
const CALLS = 'instance_engine_operation:vllm_mooncake_store_operation:rate4s'

test('the rules record p99 of classic buckets and of native histograms, also of whole jobs', {
  skip: PROMETHEUS_SKIP,
}, async (context) => {
  const aggregator = new EngineAggregator({ nativeHistograms: true })
  context.after(() => aggregator.close())
  const loadGet = createRecorder(aggregator.connect(3)).operation('load_get')
  const timer = setInterval(() => loadGet.record(DURATION_SECONDS, 1), RECORD_MS)
  context.after(() => clearInterval(timer))
  const text = await serve(context, metricsHandler(aggregator, { formats: ['text'] }))
  const native = await serve(context, metricsHandler(aggregator, { formats: ['protobuf'] }))
  const prometheus = await startPrometheus(context, {
    directory: temporaryDirectory(context),
    jobs: { text: `${text}/metrics`, native: `${native}/metrics` },
    rules: ruleFile({ windowSeconds: 4, rollUp: true }),
    args: ['--enable-feature=native-histograms'],
  })
  for (const job of ['text', 'native'] as const) {
    for (const recorded of [P99, P99_OF_JOB]) {
      const p99 = await waitUntil(`p99 of ${job}`, async () => {
        const [sample] = await prometheus.query(`${recorded}{job="${job}"}`)
        return sample?.value[1]
      })
      assert.ok(Number(p99) > P99_MIN[job] && Number(p99) < P99_MAX[job], `${job}: ${p99}`)
    }
    const buckets = await prometheus.query(`{__name__=~".+_bucket",job="${job}"}`)
    assert.equal(buckets.length > 0, job === 'text')
    // A scrape may come between the evaluations of two rules: this one has its value a second later.
    await waitUntil(`calls of ${job}`, async () => {
      const [calls] = await prometheus.query(`${CALLS}{job="${job}",engine="3"}`)
      return Number(calls?.value[1]) > 0
    })
  }
})
