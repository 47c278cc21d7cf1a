import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { BinLayout } from '../../src/stats/bin-layout.js'
import { boundLists, durations } from '../support/generators/arbitraries.js'
import { countsIn, intervalOf } from '../support/generators/live-intervals.js'

const GUIDE = new URL('../../../src/live/README.md', import.meta.url)

/** The series of an interval, read by the description in the guide without code of this package. */
function readByGuide(series: Uint8Array, sources: readonly string[], names: readonly unknown[]) {
  let at = 0
  const number = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(series[at++] ?? 0)
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) return Number(value)
    }
  }
  const all = []
  while (at < series.length) {
    const [source, name] = [sources[number()], names[number()]]
    const [rows, keys, bytes, failedKeys] = [number(), number(), number(), number()]
    const end = number() + at
    const bins: [bin: number, count: number][] = []
    for (let bin = 0; at < end; ) {
      const count = number()
      if (count === 0) bin += number()
      else bins.push([bin++, count])
    }
    all.push({ source, name, rows, keys, bytes, failedKeys, bins })
  }
  return all
}

/** The lower edges of the bins, by the description in the guide. */
function edgesByGuide(bounds: readonly number[]): number[] {
  const edges = [0]
  for (let octave = -30; octave < 16; octave++) {
    for (let segment = 0; segment < 32; segment++) edges.push(2 ** octave * (1 + segment / 32))
  }
  edges.push(2 ** 16)
  return [...edges, ...bounds.filter((bound) => bound >= 0)].sort((left, right) => left - right)
}

test('the bytes of the example decode to the series in the guide', async () => {
  const guide = await readFile(GUIDE, 'utf8')
  const [, hex = ''] = /For example, `([0-9a-f ]+)`/.exec(guide) ?? []
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  assert.deepEqual(readByGuide(bytes, ['0'], ['n']), [
    {
      ...{ source: '0', name: 'n', rows: 3, keys: 9, bytes: 4_096, failedKeys: 0 },
      bins: [
        [778, 2],
        [779, 1],
      ],
    },
  ])
  assert.match(guide, /3 rows,\n9 keys, 4,096 bytes and no failed key\..*778 are empty/s)
})

test('a reader written from the guide reads every interval', () => {
  const row = fc.record({
    source: fc.constantFrom('0', 'host/1'),
    operation: fc.constantFrom('get', 'put'),
    status: fc.constantFrom('ok', 'error'),
    seconds: durations,
    rows: fc.integer({ min: 1, max: 2 ** 40 }),
    numBytes: fc.maxSafeNat(),
    numFailedKeys: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
      const { sources, names, series } = intervalOf(0, 1, rows)
      const read = readByGuide(series, sources, names)
      assert.equal(read.length, rows.length)
      const own = countsIn([{ fromMs: 0, toMs: 1, sources, names, series }])
      const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0)
      const kept = [...own.values()]
      assert.equal(sum(read.map((one) => one.rows)), sum(kept.map((one) => one.rows)))
      assert.equal(
        sum(read.map((one) => one.failedKeys)),
        sum(kept.map((one) => one.numFailedKeys)),
      )
      for (const { rows: count, bins } of read) {
        assert.equal(sum(bins.map(([, inBin]) => inBin)), count)
      }
    }),
    { seed: 78, numRuns: 300 },
  )
})

test('the edges of the bins are those of the guide, for any bounds', () => {
  fc.assert(
    fc.property(boundLists, (bounds) => {
      const layout = new BinLayout(bounds)
      const edges = edgesByGuide(bounds)
      assert.deepEqual([...layout.binEdges.subarray(0, layout.binCount)], edges)
    }),
    { seed: 79, numRuns: 100 },
  )
})
