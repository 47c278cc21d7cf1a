import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { context, type Span, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base'
import { activeTraceId } from '../../src/opentelemetry/active-trace-id.js'
import { instrumentStore } from '../../src/recorder/index.js'
import { exemplarsIn } from '../support/assertions/exemplars.js'
import { startRecording } from '../support/engines/recording.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Samples spans by their name. */
const byName: Sampler = {
  shouldSample: (_context, _traceId, name) => ({
    decision: name === 'sampled' ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD,
  }),
  toString: () => 'by name',
}
const tracer = new BasicTracerProvider({ sampler: byName }).getTracer('test')

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
after(() => context.disable())

async function inSpan(name: string, run: (span: Span) => unknown): Promise<string> {
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, root: true })
  await context.with(trace.setSpan(context.active(), span), () => run(span))
  span.end()
  return span.spanContext().traceId
}

test('the trace is that of the active span, if it is sampled', async () => {
  assert.equal(activeTraceId(), undefined)
  let found: string | undefined
  const look = () => {
    found = activeTraceId()
  }
  const traceId = await inSpan('sampled', look)
  assert.match(traceId, /^[0-9a-f]{32}$/)
  assert.equal(found, traceId)
  await inSpan('not sampled', look)
  assert.equal(found, undefined)
  context.with(
    trace.setSpanContext(context.active(), { traceId: 'x', spanId: 'y', traceFlags: 1 }),
    look,
  )
  assert.equal(found, undefined)
})

test('rows and instrumented calls in a sampled span carry its trace to the snapshot', async () => {
  const recording = startRecording({}, { traceId: activeTraceId })
  const { recorder, aggregator } = recording
  const store = instrumentStore({ batchPut: (_keys: string[]) => turn([0]) }, recorder, {
    now: () => 0,
  })
  const handle = recorder.operation('load_get')
  const first = await inSpan('sampled', async () => {
    await turn()
    handle.record(0.25, 1)
    recorder.record('lookup_exists', 0.5, 1)
  })
  let answer: Promise<number[]> | undefined
  const second = await inSpan('sampled', () => {
    answer = store.batchPut(['a'])
  })
  await inSpan('not sampled', () => handle.record(0.25, 1))
  handle.record(0.25, 1)
  await answer
  recorder.report()
  await waitUntil('a report', () => aggregator.snapshot().sources[0]?.health.reports === 1)
  assert.equal(aggregator.snapshot().rows, 5)
  assert.deepEqual(exemplarsIn(aggregator.snapshot()), [
    [0, 'load_get', 'ok', 0.25, first],
    [0, 'lookup_exists', 'ok', 0.5, first],
    [0, 'save_put', 'ok', 0, second],
  ])
  await recording.close()
})
