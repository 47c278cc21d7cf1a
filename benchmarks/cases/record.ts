import { findNode } from '../../test/nodes/find-node.js'
import type { BenchmarkCase, Measures, Scale, Variant } from '../harness/benchmark-case.js'
import { nodeCaseName } from '../harness/node-cases.js'
import { passNs } from '../harness/timing.js'
import { loadPeer } from '../peers/load-peer.js'
import type { PeerSession } from '../peers/peer.js'
import { makeRows, type StatusMix } from '../workload/rows.js'
import { recordAndSendRows, recordRows } from './record-rows.js'
import { verifyPeer } from './verify-peer.js'

const WARM_UP_PASSES = 3
const PASSES = { quick: 10, full: 25 }
/** Rows of a pass in the quick suite, as a share of those in the full one. */
const QUICK_SHARE = 0.25
const COLUMNS = [
  { name: 'ns', title: 'ns a row', relativeTo: ['bare-append', 'prom-client', 'push-rows'] },
]

/** One row through each peer, all rows `ok`. */
export const recordCase: BenchmarkCase = {
  name: 'record',
  title: 'Record one row on the engine thread',
  about:
    'Duration, keys, bytes, status and failed keys of one store call, all `ok`. Rows are read from ' +
    'arrays made before; every figure includes that loop. A peer that sends rows sends ' +
    'them every 10,000 rows within the measured time; they are received outside of it.',
  variants: [
    variant('loop', 'the loop alone', true),
    variant('bare-append', 'bare append of five columns (the limit)', true),
    variant('moonmeter', 'moonmeter, bound handle', true),
    variant('moonmeter-traced', 'moonmeter, bound handle, each row with a trace id'),
    variant('push-rows', 'push of row objects', true),
    variant('perf-hooks', 'node:perf_hooks histogram, duration only'),
    variant('hdr-histogram', 'hdr-histogram-js (WASM), duration only'),
    variant('msgpack-rows', 'rows posted with msgpackr'),
    variant('opentelemetry', '@opentelemetry/sdk-metrics'),
    variant('clone-rows', 'every row posted by structured clone'),
    variant('platformatic', '@platformatic/prom-client'),
    variant('prom-client', 'prom-client', true),
  ],
  columns: COLUMNS,
  run: (name, scale) => timePeer(name, 'ok', scale),
}

const NODE_VARIANTS = ['bare-append', 'moonmeter', 'push-rows', 'prom-client']

/** `record` on another Node, for the peers that have a target. */
export function recordOnNode(major: number): BenchmarkCase {
  return {
    ...recordCase,
    name: nodeCaseName(major),
    title: `Record one row on Node ${major}`,
    about: 'As above, in processes of that Node.',
    variants: recordCase.variants.filter(({ name }) => NODE_VARIANTS.includes(name)),
    runtime: () => findNode(major),
  }
}

/** One row through some peers, statuses mixed. */
export const recordMixedCase: BenchmarkCase = {
  name: 'record-mixed',
  title: 'Record one row, statuses mixed',
  about: 'As above with 90 % `ok`, 6 % `partial_failure` and 4 % `error`, in random order.',
  variants: [
    variant('bare-append', 'bare append of five columns (the limit)'),
    variant('moonmeter', 'moonmeter, bound handle'),
    variant('push-rows', 'push of row objects'),
    variant('opentelemetry', '@opentelemetry/sdk-metrics'),
    variant('prom-client', 'prom-client'),
  ],
  columns: COLUMNS,
  run: (name, scale) => timePeer(name, 'mixed', scale),
}

function variant(name: string, title: string, quick = false): Variant {
  return { name, title, quick }
}

async function timePeer(name: string, mix: StatusMix, { quick }: Scale): Promise<Measures> {
  const peer = await loadPeer(name)
  const rows = makeRows(mix)
  await verifyPeer(peer, rows)
  const session = await peer.open()
  const operation = session.operation('load_get')
  const count = quick ? peer.rowsPerPass * QUICK_SHARE : peer.rowsPerPass
  const pass =
    peer.sendsRows === true
      ? () => recordAndSendRows(session, operation, rows, count)
      : () => recordRows(operation, rows, count)
  const receive = () => session.receive?.()
  await passNs(WARM_UP_PASSES, count, pass, receive)
  const ns = await passNs(quick ? PASSES.quick : PASSES.full, count, pass, receive)
  return { ns, counted: await countedRows(session) }
}

/** The result of the timed code is read, so that the compiler cannot remove that code. */
async function countedRows(session: PeerSession): Promise<number> {
  await session.report?.()
  session.receive?.()
  const { rows, keys } = await session.totals()
  session.close?.()
  return rows ?? keys ?? 0
}
