import type { Recorder } from '../../src/recorder/index.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { passNs } from '../harness/timing.js'
import { OpenEngine } from '../workload/open-engine.js'
import { makeRows, ROW_COUNT, type Rows } from '../workload/rows.js'

const MASK = ROW_COUNT - 1
const PASS_ROWS = 2 ** 18
const WARM_UP_PASSES = 4
const PASSES = { quick: 10, full: 40 }
const OPERATIONS = ['load_get', 'save_put', 'lookup_exists', 'save_exists'] as const
const OPERATION_MASK = OPERATIONS.length - 1

type Pass = (recorder: Recorder, rows: Rows) => void

const PASS_OF: Readonly<Record<string, Pass>> = {
  bound: recordBound,
  'by-name': recordByName,
  'bound-in-turn': recordBoundInTurn,
  'by-name-in-turn': recordByNameInTurn,
}

/** The two ways to record: a handle, and the name of the operation with an object of options. */
export const recordByNameCase: BenchmarkCase = {
  name: 'record-by-name',
  title: 'Record by the name of the operation',
  about:
    "`recorder.record('load_get', …, { numBytes, status, numFailedKeys })` beside a bound handle; " +
    'one operation all the time, and four operations in turn.',
  variants: [
    { name: 'bound', title: 'bound handle', quick: true },
    { name: 'by-name', title: 'by name', quick: true },
    { name: 'bound-in-turn', title: 'bound handles, four operations in turn', quick: true },
    { name: 'by-name-in-turn', title: 'by name, four operations in turn', quick: true },
  ],
  columns: [{ name: 'ns', title: 'ns a row', relativeTo: ['bound', 'bound-in-turn'] }],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const pass = PASS_OF[variant]
    if (pass === undefined) throw new Error(`record-by-name: no variant ${variant}`)
    const { recorder } = new OpenEngine(0)
    const rows = makeRows('ok')
    const run = () => pass(recorder, rows)
    await passNs(WARM_UP_PASSES, PASS_ROWS, run)
    return { ns: await passNs(quick ? PASSES.quick : PASSES.full, PASS_ROWS, run) }
  },
}

function recordBound(recorder: Recorder, rows: Rows): void {
  const { durations, keys, bytes, statuses, failedKeys } = rows
  const operation = recorder.operation('load_get')
  for (let index = 0; index < PASS_ROWS; index++) {
    const at = index & MASK
    operation.record(durations[at], keys[at], bytes[at], statuses[at], failedKeys[at])
  }
}

function recordByName(recorder: Recorder, rows: Rows): void {
  const { durations, keys, bytes, statuses, failedKeys } = rows
  for (let index = 0; index < PASS_ROWS; index++) {
    const at = index & MASK
    recorder.record('load_get', durations[at], keys[at], {
      numBytes: bytes[at],
      status: statuses[at],
      numFailedKeys: failedKeys[at],
    })
  }
}

function recordBoundInTurn(recorder: Recorder, rows: Rows): void {
  const { durations, keys, bytes, statuses, failedKeys } = rows
  const operations = OPERATIONS.map((name) => recorder.operation(name))
  for (let index = 0; index < PASS_ROWS; index++) {
    const at = index & MASK
    const operation = operations[index & OPERATION_MASK]
    operation.record(durations[at], keys[at], bytes[at], statuses[at], failedKeys[at])
  }
}

function recordByNameInTurn(recorder: Recorder, rows: Rows): void {
  const { durations, keys, bytes, statuses, failedKeys } = rows
  for (let index = 0; index < PASS_ROWS; index++) {
    const at = index & MASK
    recorder.record(OPERATIONS[index & OPERATION_MASK], durations[at], keys[at], {
      numBytes: bytes[at],
      status: statuses[at],
      numFailedKeys: failedKeys[at],
    })
  }
}
