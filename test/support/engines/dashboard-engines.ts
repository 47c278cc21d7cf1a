import type { TestContext } from 'node:test'
import { EXTRA_METRIC_NAMES } from '../../../src/catalogue.js'
import { EngineAggregator, EnginePool } from '../../../src/index.js'
import { createRecorder, type Recorder, type ReportSink } from '../../../src/recorder/index.js'
import { POOL_ENGINE } from './pools.js'

const TICK_MS = 50
const REPORT_MS = 200
const RESTARTS = 2
const FAST_SECONDS = 0.002
const SLOW_SECONDS = 0.05

/** The engine that is restarted, and then ends. */
export const RESTARTED_ENGINE = 5

/** The instance of the engine in another process, whose operations take 25 times as long. */
export const SLOW_INSTANCE = 'slow-host'

/**
 * Engines that cause all states of a dashboard: one in another process is slow, some calls fail,
 * one engine is restarted, and some payloads are rejected.
 */
export function startDashboardEngines(context: TestContext, prefix: string): EngineAggregator {
  const aggregator = new EngineAggregator({
    prefix,
    modelName: 'm',
    nativeHistograms: true,
    extraMetrics: EXTRA_METRIC_NAMES,
    intervalMs: REPORT_MS,
  })
  const sink = { isReady: () => true, send: (report: Uint8Array) => void aggregator.ingest(report) }
  const fast = [0, 1].map((engine) => createRecorder(aggregator.connect(engine)))
  const slow = createRecorder({
    engine: 0,
    instance: SLOW_INSTANCE,
    sink,
    extraMetrics: EXTRA_METRIC_NAMES,
    intervalMs: REPORT_MS,
  })
  fast[0]?.operation('load_get').begin()
  tick(context, () => {
    for (const recorder of fast) recordCalls(recorder, FAST_SECONDS)
    recordCalls(slow, SLOW_SECONDS)
    aggregator.ingest(new Uint8Array())
  })
  const pool = new EnginePool({
    aggregator,
    filename: POOL_ENGINE,
    name: 'failAtFirst',
    engines: [RESTARTED_ENGINE],
    task: () => RESTARTS,
    restart: { delayMsMin: TICK_MS },
  })
  void pool.run()
  context.after(async () => {
    for (const recorder of [...fast, slow]) recorder.close()
    await pool.stop()
    await aggregator.close()
  })
  return aggregator
}

/**
 * The instances of the fleet. On each, one engine is up and one was closed. On the second, one more is
 * silent.
 */
export const FLEET_INSTANCES = ['host-a', 'host-b']

/** An aggregator without engines of its own, as of a fleet: every engine has an instance. */
export function startFleetEngines(context: TestContext, prefix: string): EngineAggregator {
  const aggregator = new EngineAggregator({ prefix, intervalMs: REPORT_MS })
  const sink = { isReady: () => true, send: (report: Uint8Array) => void aggregator.ingest(report) }
  const recorders = FLEET_INSTANCES.flatMap((instance) => {
    return [0, 1].map((engine) => createRecorder({ engine, instance, sink, intervalMs: REPORT_MS }))
  })
  const silent = createRecorder({
    engine: 2,
    instance: `${FLEET_INSTANCES[1]}`,
    sink: sendOnce(sink),
    intervalMs: REPORT_MS,
  })
  for (const recorder of [...recorders, silent]) recordCalls(recorder, FAST_SECONDS)
  for (const recorder of recorders.filter(({ engine }) => engine === 1)) recorder.close()
  const open = recorders.filter(({ engine }) => engine === 0)
  tick(context, () => {
    for (const recorder of open) recordCalls(recorder, FAST_SECONDS)
    aggregator.ingest(new Uint8Array())
  })
  context.after(async () => {
    for (const recorder of [...open, silent]) recorder.close()
    await aggregator.close()
  })
  return aggregator
}

/** A sink that passes on one report only. */
function sendOnce({ send }: ReportSink): ReportSink {
  let isSent = false
  return {
    isReady: () => true,
    send: (report) => {
      if (!isSent) send(report)
      isSent = true
    },
  }
}

/** Engines of an aggregator with `perEngine: false`. */
export function startTotalledEngines(context: TestContext, prefix: string): EngineAggregator {
  const aggregator = new EngineAggregator({ prefix, perEngine: false, intervalMs: REPORT_MS })
  const recorders = [0, 1].map((engine) => createRecorder(aggregator.connect(engine)))
  tick(context, () => {
    for (const recorder of recorders) recordCalls(recorder, FAST_SECONDS)
  })
  context.after(async () => {
    for (const recorder of recorders) recorder.close()
    await aggregator.close()
  })
  return aggregator
}

function recordCalls(recorder: Recorder, seconds: number): void {
  recorder.record('lookup_exists', seconds / 10, 4, { numHitKeys: 3 })
  recorder.record('load_get', seconds, 3, { numBytes: 300, numTransferredBytes: 300 })
  const failed = { status: 'partial_failure', numFailedKeys: 1, numBytes: 300 } as const
  recorder.record('load_get', seconds, 3, { ...failed, numTransferredBytes: 200 })
}

function tick(context: TestContext, act: () => void): void {
  const timer = setInterval(act, TICK_MS)
  context.after(() => clearInterval(timer))
}
