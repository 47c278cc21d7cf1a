import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** What a user's file sees: each line with an error is expected to have it. */
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
const made: Registry = new EngineAggregator().registry
const options: AggregatorOptions = { bounds: [1], monotonicNow: () => 0 }
const aggregator = new EngineAggregator(options)
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
export { all, counts, data, extras, handler, hits, inFlight, linked, made, own, payload, quantile, recorder, traceId }
export type { MetricsRegistry }
`

test('the package’s types are complete for a strict consumer and do not reach internals', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'moonmeter-types-'))
  context.after(() => rmSync(folder, { recursive: true }))
  // The package as a user's project has it.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const paths = { moonmeter: [join(ROOT, 'dist/src/index.d.ts')] }
  const recorder = { 'moonmeter/recorder': [join(ROOT, 'dist/src/recorder/index.d.ts')] }
  const traces = {
    'moonmeter/opentelemetry': [join(ROOT, 'dist/src/opentelemetry/active-trace-id.d.ts')],
  }
  writeFileSync(join(folder, 'consumer.mts'), CONSUMER)
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    skipLibCheck: true,
    paths: { ...paths, ...recorder, ...traces },
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['consumer.mts'] }),
  )
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder])
  assert.equal(String(stdout), '')
  assert.equal(status, 0)
})
