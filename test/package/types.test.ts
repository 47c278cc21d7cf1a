import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packedProject, ROOT } from './packed.js'

/** A file of a user; each marked line must have a type error. */
const CONSUMER = `
import { Registry } from 'prom-client'
import { Registry as PlatformaticRegistry } from '@platformatic/prom-client'
import { Registry as OfficialRegistry } from '@prometheus-io/client'
import { Registry as OlderRegistry } from 'prom-client-14'
import { EngineAggregator, EnginePool, metricsHandler, MooncakeStoreConnectorStats } from 'moonmeter'
import type { AggregatorOptions, ConnectorStats, EngineLink, Exemplar, ExtraCounts, ExtraMetric, LabelledSeries, MetricsRegistry,
  OperationStats, PayloadRows, Quantile, Row, RowCounts, SeriesSnapshot, SeriesStats, Snapshot,
  SnapshotData, SourceSnapshot } from 'moonmeter'
import { connectRecorder, createRecorder, type OperationRecorder, type Recorder,
  type RecordOptions, type ReportSink } from 'moonmeter/recorder'
import { activeTraceId } from 'moonmeter/opentelemetry'
import { dashboardHandler, type DashboardOptions } from 'moonmeter/dashboard'
import { type PayloadOutcome, type PayloadReceiver, payloadReceiver, payloadsHandler } from 'moonmeter/payloads'

class OwnRegistry extends Registry { readonly own = 1 }
const own: OwnRegistry = new EngineAggregator({ registry: new OwnRegistry() }).registry
new EnginePool({ aggregator: new EngineAggregator({ registry: new OwnRegistry() }), engines: 1,
  filename: '/engine.js' })
const official: OfficialRegistry =
  new EngineAggregator({ registry: new OfficialRegistry() }).registry
new EngineAggregator({ registry: new PlatformaticRegistry() })
new EngineAggregator({ registry: new OlderRegistry() })
const handler = metricsHandler({ registry: official }, { formats: ['text', 'openmetrics'] })
// @ts-expect-error no format
metricsHandler({ registry: official }, { formats: ['xml'] })
const pageOptions: DashboardOptions = { streamsMax: 1, bearerToken: 'secret' }
const page = dashboardHandler(new EngineAggregator({ registry: new OfficialRegistry() }), pageOptions)
const made: Registry = new EngineAggregator().registry
const options: AggregatorOptions = { bounds: [1], monotonicNow: () => 0 }
const aggregator = new EngineAggregator(options)
const receiver: PayloadReceiver = payloadReceiver(aggregator, { keysMax: 1 })
payloadsHandler(receiver, { bearerToken: 'secret' })
const outcome: Promise<PayloadOutcome> = receiver.receive(new Uint8Array(), { engine: 0, key: 'k' })
const snapshot: Snapshot = aggregator.snapshot()
const data: SnapshotData = snapshot.since(snapshot).toJSON()
const source: SourceSnapshot | undefined = snapshot.sources[0]
const series: SeriesSnapshot | undefined = source?.series[0]
const quantile: Quantile | undefined = series?.quantile(0.5)
const counts: RowCounts | undefined = series
const stats: ConnectorStats = aggregator.stats(0)
const operation: OperationStats | undefined = stats.operation('op')
const total: SeriesStats | undefined = operation?.total()
const all: LabelledSeries[] = [...stats.series()]
const rows: PayloadRows = { op: [{ duration_seconds: 1, num_keys: 1 }] }
const row: Row = { operation: 'op', status: 'ok', durationSeconds: 1, numKeys: 1, numBytes: 0,
  numFailedKeys: 0 }
const payload: Uint8Array = MooncakeStoreConnectorStats.fromRows(rows).toPayload()
MooncakeStoreConnectorStats.fromRows([row], { bounds: [1] })
const link: EngineLink = aggregator.connect(0)
const sink: ReportSink = { send: (bytes: Uint8Array) => void aggregator.ingest(bytes) }
const recorder: Recorder = createRecorder({ engine: 0, sink, instance: 'a' })
const linked: Promise<Recorder> = connectRecorder()
const handle: OperationRecorder = createRecorder(link, { now: Date.now }).operation('op')
handle.record(0.5, 1)
handle.record(0.5, 1, 0, 'ok', 0, activeTraceId())
createRecorder(link, { traceId: activeTraceId })
const extraMetrics: ExtraMetric[] = ['transferred_bytes', 'hit_keys', 'in_flight']
new EngineAggregator({ extraMetrics })
createRecorder({ engine: 0, sink, extraMetrics })
handle.begin()
handle.end()
const extras: ExtraCounts | undefined = total?.extraCounts
const inFlight: number | undefined = source?.inFlight?.['op']
const hits: number | undefined = series?.numHitKeys
const recordOptions: RecordOptions = { numBytes: 1, traceId: activeTraceId(), numHitKeys: 1,
  numTransferredBytes: 1 }
recorder.record('op', 0.5, 1, recordOptions)
const exemplars: readonly Exemplar[] | undefined = series?.exemplars
const traceId: string | undefined = exemplars?.[0]?.labels.trace_id
// @ts-expect-error internal
recorder.currentTraceId()
// @ts-expect-error internal
recorder.hasExtras

// @ts-expect-error internal
recorder.journal
// @ts-expect-error internal
handle.detach()
// @ts-expect-error internal
stats.declare('op')
// @ts-expect-error internal
stats.addRow(row)
// @ts-expect-error internal
stats.addPacked
// @ts-expect-error internal
stats.layout
// @ts-expect-error internal
total?.bins
// @ts-expect-error internal
source?.table
// @ts-expect-error internal
snapshot.addTo(stats)
// @ts-expect-error an option that was renamed
new EngineAggregator({ uptime: () => 0 })
// @ts-expect-error a layout is no option
new MooncakeStoreConnectorStats({ layout: undefined })
export { page, all, counts, data, extras, handler, hits, inFlight, linked, made, own, payload, quantile, recorder, traceId }
export type { MetricsRegistry }
`

/** A CommonJS file of a user, which loads the package by `require`. */
const COMMON_JS_CONSUMER = `
import moonmeter = require('moonmeter')
import recorder = require('moonmeter/recorder')
const aggregator: moonmeter.EngineAggregator = new moonmeter.EngineAggregator()
export const made: recorder.Recorder = recorder.createRecorder(aggregator.connect(0))
`

/** The module resolutions of users' projects. */
const PROJECTS = {
  nodenext: { module: 'nodenext', include: ['consumer.mts', 'common.cts'] },
  // An older resolution, in which CommonJS files cannot load ES modules.
  node16: { module: 'node16', include: ['consumer.mts'] },
  bundler: { module: 'preserve', moduleResolution: 'bundler', include: ['consumer.mts'] },
  // Every import of prom-client resolves to version 14, also in our declarations.
  'prom-client 14': {
    module: 'nodenext',
    paths: { 'prom-client': ['./node_modules/prom-client-14'] },
    include: ['consumer.mts'],
  },
}
/**
 * Each compiler checks all declarations in one project at least: TypeScript 5.9 takes several times
 * as long as 7, so in the other two it checks the consumer only.
 */
const RUNS = [
  {
    title: 'TypeScript 5.9',
    modules: 'typescript-5',
    checked: ['nodenext'],
    others: ['node16', 'bundler'],
  },
  { title: 'TypeScript 7', modules: 'typescript', checked: Object.keys(PROJECTS), others: [] },
]
const STRICT = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  // The declarations of the language itself are not checked.
  skipDefaultLibCheck: true,
}

test('the types are complete for strict consumers and do not reach internals', async (context) => {
  const folder = packedProject(context)
  writeFileSync(join(folder, 'consumer.mts'), CONSUMER)
  writeFileSync(join(folder, 'common.cts'), COMMON_JS_CONSUMER)
  for (const [name, { include, ...options }] of Object.entries(PROJECTS)) {
    const project = { compilerOptions: { ...STRICT, ...options }, include }
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(project))
  }
  for (const { title, modules, checked, others } of RUNS) {
    const tsc = join(ROOT, 'node_modules', modules, 'bin/tsc')
    for (const name of [...checked, ...others]) {
      await context.test(`${title}, ${name}`, () => {
        const skipLibCheck = String(others.includes(name))
        const args = [tsc, '-p', join(folder, `${name}.json`), '--skipLibCheck', skipLibCheck]
        const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
        assert.equal(stdout, '')
        assert.equal(status, 0)
      })
    }
  }
})
