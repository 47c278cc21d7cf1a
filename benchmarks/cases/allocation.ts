import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { loadPeer } from '../peers/load-peer.js'
import type { PeerOperation } from '../peers/peer.js'
import { makeRows, type Rows } from '../workload/rows.js'
import { recordRows } from './record-rows.js'

/** Ten million rows with moonmeter; with peers, as many as fit into the young generation. */
const ROWS: Readonly<Record<string, number>> = {
  moonmeter: 10_000_000,
  'push-rows': 300_000,
  'prom-client': 20_000,
}
/** Share of the rows in the subtracted run, which has the allocations of the measurement itself. */
const FEW_SHARE = 0.1
/** Number of runs; the least growth of them counts. */
const RUNS = 3
/** Megabytes of the young generation: large enough that no garbage is collected during a run. */
const SEMI_SPACE_MB = 512
/** Entries of the garbage collector arrive in a later turn of the event loop. */
const SETTLE_MS = 50

/** Heap memory that recording allocates. */
export const allocationCase: BenchmarkCase = {
  name: 'allocation',
  title: 'Allocation per row',
  about:
    'Growth of the heap over 10 million rows (fewer for peers), the least of three runs, less that ' +
    'over a tenth of them, in a young generation so large that nothing is collected in a run; ' +
    'collections are counted.',
  variants: [
    { name: 'moonmeter', title: 'moonmeter, bound handle', quick: true },
    { name: 'push-rows', title: 'push of row objects' },
    { name: 'prom-client', title: 'prom-client' },
  ],
  columns: [
    { name: 'bytes', title: 'bytes a row' },
    { name: 'collections', title: 'collections' },
  ],
  nodeOptions: [`--min-semi-space-size=${SEMI_SPACE_MB}`, `--max-semi-space-size=${SEMI_SPACE_MB}`],
  async run(variant: string, _scale: Scale): Promise<Measures> {
    const count = ROWS[variant] ?? 0
    const session = await (await loadPeer(variant)).open()
    const operation = session.operation('load_get')
    const rows = makeRows('ok')
    // As many rows as are measured, so that the loop is not compiled again during a run.
    warmUp(operation, rows, count)
    await session.report?.()
    globalThis.gc?.()
    await sleep(SETTLE_MS)
    let collections = 0
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length
    })
    observer.observe({ entryTypes: ['gc'] })
    // The collection above dropped optimised code; this run compiles it again.
    recordRows(operation, rows, count * FEW_SHARE)
    const few = leastHeapGrowth(() => recordRows(operation, rows, count * FEW_SHARE))
    const all = leastHeapGrowth(() => recordRows(operation, rows, count))
    await sleep(SETTLE_MS)
    observer.disconnect()
    return { bytes: (all - few) / (count * (1 - FEW_SHARE)), collections }
  },
}

/** The least growth of several runs: code compiled on another thread is allocated here too. */
function leastHeapGrowth(run: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let times = 0; times < RUNS; times++) {
    const before = process.memoryUsage().heapUsed
    run()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return least
}

/** In several calls, so that the loop is compiled as a function and not during a run. */
function warmUp(operation: PeerOperation, rows: Rows, count: number): void {
  const calls = 20
  for (let call = 0; call < calls; call++) recordRows(operation, rows, count / calls)
}
