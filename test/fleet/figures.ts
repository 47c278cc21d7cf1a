import assert from 'node:assert/strict'
import type { OperationCounts } from '../support/engines/fleet-rows.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { WAIT_MS_MAX } from './fault-times.js'

/** Counts of a fleet by name, without zeros. */
export type Figures = Readonly<Record<string, number>>

/** A sample of an aggregator's exposition or of Prometheus. */
export interface NamedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The counters to compare, with short names. */
export const COUNTERS: Readonly<Record<string, string>> = {
  'vllm:mooncake_store_operation_total': 'calls',
  'vllm:mooncake_store_operation_keys_total': 'keys',
  'vllm:mooncake_store_operation_bytes_total': 'bytes',
  'vllm:mooncake_store_operation_failed_keys_total': 'failedKeys',
  'vllm:mooncake_store_operation_time_seconds_count': 'durations',
  moonmeter_engine_records_total: 'records',
}

/** The figures of an exposition or of samples of Prometheus. */
export function figuresOf(samples: readonly NamedSample[]): Figures {
  const figures: Record<string, number> = {}
  const add = (what: string, value: number) => {
    if (value > 0) figures[what] = (figures[what] ?? 0) + value
  }
  for (const { name, labels, value } of samples) {
    const counted = COUNTERS[name]
    if (counted === undefined) continue
    const { instance, engine, operation, status } = labels
    add([counted, instance, engine, operation].filter(Boolean).join(' '), value)
    if (counted === 'calls' && status === 'error') {
      add(['errors', instance, engine, operation].join(' '), value)
    }
  }
  return figures
}

/** The figures of an engine's own counts. */
export function figuresOfEngine(
  instance: string,
  engine: string,
  operations: Iterable<readonly [operation: string, counts: OperationCounts]>,
): Figures {
  const figures: Record<string, number> = {}
  let records = 0
  for (const [operation, { calls, keys, bytes, failedKeys, errors }] of operations) {
    const counted = { calls, keys, bytes, failedKeys, errors, durations: calls }
    for (const [what, value] of Object.entries(counted)) {
      figures[[what, instance, engine, operation].join(' ')] = value
    }
    records += calls
  }
  figures[`records ${instance} ${engine}`] = records
  return withoutZeros(figures)
}

/** The sum of figures. */
export function addFigures(list: readonly Figures[]): Figures {
  const sum: Record<string, number> = {}
  for (const [name, value] of list.flatMap((figures) => Object.entries(figures))) {
    sum[name] = (sum[name] ?? 0) + value
  }
  return sum
}

/** Fails where a figure is lower than before. */
export function assertNoFall(what: string, before: Figures, after: Figures): void {
  const fallen = Object.entries(before).filter(([name, value]) => (after[name] ?? 0) < value)
  const shown = fallen.map(([name, value]) => `${name}: ${value}, then ${after[name] ?? 0}`)
  assert.deepEqual(shown, [], `${what}: counts fell`)
}

/** Waits until figures equal one of the expected ones; fails if any figure exceeds all of them. */
export async function untilEqual(
  what: string,
  expected: readonly Figures[],
  read: () => Promise<Figures>,
): Promise<void> {
  const most = highest(expected)
  let figures: Figures = {}
  const isEqual = async () => {
    figures = await read()
    assertNoFall(`${what}: less than shown`, figures, most)
    return expected.some((one) => isSame(one, figures))
  }
  await waitUntil(what, isEqual, WAIT_MS_MAX).catch((error: unknown) => {
    assert.deepEqual(figures, most, `${what}: ${String(error)}`)
    throw error
  })
}

function isSame(left: Figures, right: Figures): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every((name) => left[name] === right[name])
}

function highest(list: readonly Figures[]): Figures {
  const most: Record<string, number> = {}
  for (const [name, value] of list.flatMap((figures) => Object.entries(figures))) {
    most[name] = Math.max(most[name] ?? 0, value)
  }
  return most
}

function withoutZeros(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value > 0))
}
