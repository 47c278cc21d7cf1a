import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journalOf, seriesOf } from '../support/assertions/journals.js'
import { startRecording } from '../support/engines/recording.js'

/** The sums of the counters of `load_get`, in the journal and then in the report. */
async function sumsOf(rows: readonly (readonly [number, number, number])[]) {
  const recording = startRecording()
  const { aggregator, link, recorder } = recording
  const operation = recorder.operation('load_get')
  for (const [keys, bytes, failed] of rows) operation.record(0.25, keys, bytes, 'ok', failed)
  const [{ numKeys, numBytes, numFailedKeys }] = seriesOf(journalOf(link))
  await recording.close()
  const { load_get_total_keys, load_get_total_bytes, load_get_failed_keys } = aggregator
    .stats()
    .reduce()
  return {
    journal: [numKeys, numBytes, numFailedKeys],
    report: [load_get_total_keys, load_get_total_bytes, load_get_failed_keys],
  }
}

test('sums of counters are exact to 2^53, however small and large rows are mixed', async () => {
  const most = 2 ** 53 - 1
  const rows = [
    [1, 2, 3],
    [2 ** 52, most - 600 - 2, 2 ** 30],
  ] as const
  const small = Array.from({ length: 600 }, () => [1.9, 1, 1] as const)
  const sums = [2 ** 52 + 601, most, 2 ** 30 + 603]
  assert.deepEqual(await sumsOf([...rows, ...small]), { journal: sums, report: sums })
})

test('the largest counter of a row, 2^64, is summed up, and one that never had any stays 0', async () => {
  const rows = Array.from({ length: 4 }, () => [2 ** 64, 0, 0.9] as const)
  const sums = [2 ** 66, 0, 0]
  assert.deepEqual(await sumsOf(rows), { journal: sums, report: sums })
})
