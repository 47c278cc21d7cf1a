import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Exemplar,
  histogramSamples,
  type Labels,
  type MetricFamily,
  type MetricType,
  type SampleShape,
  SINGLE_SAMPLE,
} from '../../src/exposition/metric-family.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'
import { protobufFormat } from '../../src/exposition/protobuf/protobuf-writer.js'
import { decodeFamilies } from '../support/assertions/decode-families.js'

/** A group of series; the labels of each derive from its number. */
interface Group {
  readonly series: readonly number[]
  readonly values: readonly number[]
}

const SHAPES = {
  counter: SINGLE_SAMPLE,
  gauge: SINGLE_SAMPLE,
  unknown: SINGLE_SAMPLE,
  histogram: histogramSamples([0.5, 1]),
  summary: [{ suffix: '', quantile: '0.5' }, { suffix: '_sum' }, { suffix: '_count' }],
} as const satisfies Record<MetricType, readonly SampleShape[]>
/** The same objects at every scrape; some of them are hostile. */
const HOSTILE = ['é"\\\n', '', '\u{1f600}\u0000', 'a'.repeat(300), '\ud800']
const LABELS: readonly Labels[] = Array.from({ length: 60 }, (_, index) => ({
  engine: String(index),
  status: HOSTILE[index] ?? 'ok',
}))
const GROUP_LABELS: Labels = { source: 'a' }
const COUNT_MAX = 2 ** 56 - 8

/** A family whose groups can be changed, and a writer of it. */
function newWriter(type: MetricType, more: Partial<MetricFamily<Group>> = {}) {
  const family: MetricFamily<Group> = {
    definition: { name: 'family', type, help: 'Help.' },
    constantLabels: { model: 'm' },
    shapesOf: () => SHAPES[type],
    labelsOf: () => GROUP_LABELS,
    seriesOf: ({ series }) => series.map((index) => LABELS[index]),
    read: ({ values }, to, at) => to.set(values, at),
    ...more,
  }
  const writer = protobufFormat.createWriter(family as MetricFamily)
  const steps = (output: OutputBuffer, groups: readonly Group[], extraLabels: Labels = {}) =>
    writer.write(output, groups, { extraLabels, families: [] })
  const write = (groups: readonly Group[], extraLabels?: Labels) => {
    const output = new OutputBuffer()
    for (const _ of steps(output, groups, extraLabels));
    return Buffer.concat(output.take())
  }
  return { steps, write }
}

/** The metrics of an exposition with one family or none, as labels and values in the order of shapes. */
function readMetrics(bytes: Uint8Array, type: MetricType): object[] {
  return decodeFamilies(bytes).flatMap(({ metric }) =>
    metric.map(({ label, counter, gauge, untyped, histogram, summary }) => {
      const labels = label.map(({ name, value }) => [name, value])
      const only = counter ?? gauge ?? untyped
      if (only !== undefined) return { type, labels, values: [only.value] }
      const { sampleSum, sampleCount } = histogram ?? summary ?? {}
      const parts = histogram?.bucket ?? summary?.quantile ?? []
      const values = parts.map((part) => ('value' in part ? part.value : part.cumulativeCount))
      return { type, labels, values: [...values, sampleSum, sampleCount] }
    }),
  )
}

/** The expected metrics, from a simple implementation. */
function expected(groups: readonly Group[], type: MetricType, extra: Labels): object[] {
  const shapes = SHAPES[type]
  const asCount = (value: number) => (value > 0 ? Math.min(Math.floor(value), COUNT_MAX) : 0)
  return groups.flatMap(({ series, values }) =>
    series.map((number, index) => {
      const all = { model: 'm', ...GROUP_LABELS, ...LABELS[number], ...extra }
      const own = values.slice(index * shapes.length, (index + 1) * shapes.length)
      const shown = own.flatMap((value, shape) => {
        const { suffix, le } = shapes[shape] as SampleShape
        // The bucket +Inf is omitted, since it equals the count.
        if (le === '+Inf') return []
        return suffix === '_bucket' || suffix === '_count' ? [asCount(value)] : [value]
      })
      const labels = Object.entries(all).map(([name, value]) => [name, value.toWellFormed()])
      return { type, labels, values: shown }
    }),
  )
}

const values = fc.oneof(
  fc.nat({ max: 300 }),
  fc.maxSafeNat(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(2 ** 53, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)

function groupsOf(type: MetricType): fc.Arbitrary<readonly Group[]> {
  const group = fc.subarray([...LABELS.keys()], { maxLength: 40 }).chain((series) => {
    const length = series.length * SHAPES[type].length
    return fc.record({
      series: fc.constant(series),
      values: fc.array(values, { minLength: length, maxLength: length, size: 'max' }),
    })
  })
  return fc.array(group, { maxLength: 6 })
}

for (const type of Object.keys(SHAPES) as MetricType[]) {
  const scrape = fc.record({
    groups: groupsOf(type),
    extra: fc.constantFrom<Labels>({}, {}, { host: 'a' }),
    /** Whether only the values change. */
    isSame: fc.boolean(),
  })

  test(`scrapes of a ${type} show the current values after any earlier ones`, () => {
    fc.assert(
      fc.property(fc.array(scrape, { maxLength: 6 }), (scrapes) => {
        const { write } = newWriter(type)
        let shown: readonly Group[] = []
        for (const { groups, extra, isSame } of scrapes) {
          const next = (value: number, index: number) => (index % 3 === 0 ? value : value * 3 + 1)
          shown = isSame
            ? shown.map((group) => ({ ...group, values: group.values.map(next) }))
            : groups
          assert.deepEqual(readMetrics(write(shown, extra), type), expected(shown, type, extra))
        }
      }),
      { seed: 44, numRuns: 25 },
    )
  })
}

test('two concurrent scrapes, also with other labels, do not affect each other', () => {
  const both = fc.tuple(groupsOf('histogram'), groupsOf('histogram'), fc.array(fc.boolean()))
  fc.assert(
    fc.property(both, ([first, second, turns]) => {
      const { steps } = newWriter('histogram')
      const start = (groups: readonly Group[], extra: Labels) => {
        const output = new OutputBuffer()
        const iterator = steps(output, groups, extra)[Symbol.iterator]()
        return { output, iterator, metrics: expected(groups, 'histogram', extra) }
      }
      const [left, right] = [start(first, {}), start(second, { host: 'b' })]
      for (const isLeft of turns) (isLeft ? left : right).iterator.next()
      for (const { output, iterator, metrics } of [right, left]) {
        while (iterator.next().done !== true);
        assert.deepEqual(readMetrics(Buffer.concat(output.take()), 'histogram'), metrics)
      }
    }),
    { seed: 45, numRuns: 25 },
  )
})

test('the bytes of a small family are those of the specification', () => {
  const { write } = newWriter('counter', {
    definition: { name: 'c_total', type: 'counter', help: 'H' },
    constantLabels: {},
    labelsOf: () => ({}),
    seriesOf: () => [{ a: 'b' }],
    createdOf: () => 1.5,
  })
  const labels = '0a06 0a0161 120162'
  const counter = '1a13 09000000000000f83f 1a08 0801 1080cab5ee01'
  const metric = `22 1d ${labels} ${counter}`
  const family = `0a07 635f746f74616c 120148 1800 ${metric}`
  const bytes = Buffer.from(family.replaceAll(' ', ''), 'hex')
  // The length before the family always takes five bytes.
  const length = Buffer.from([bytes.length | 0x80, 0x80, 0x80, 0x80, 0])
  assert.deepEqual(
    write([{ series: [0], values: [1.5] }]).toString('hex'),
    Buffer.concat([length, bytes]).toString('hex'),
  )
})

test('a family without series is not written, and one of many series is one message', () => {
  const { write } = newWriter('gauge')
  assert.equal(write([]).length, 0)
  assert.equal(write([{ series: [], values: [] }]).length, 0)
  const series = [...LABELS.keys()]
  const groups = Array.from({ length: 200 }, () => ({ series, values: series }))
  const families = decodeFamilies(write(groups))
  assert.equal(families.length, 1)
  assert.equal(families[0]?.metric.length, 200 * series.length)
})

test('name, help, type and unit are those of the family', () => {
  const types = { counter: 'COUNTER', gauge: 'GAUGE', unknown: 'UNTYPED', histogram: 'HISTOGRAM' }
  for (const [type, shown] of Object.entries(types) as [MetricType, string][]) {
    const definition = { name: 'a:b_seconds', type, help: 'é "\n' }
    const { write } = newWriter(type, { definition, unit: 'seconds' })
    const [family] = decodeFamilies(write([{ series: [1], values: SHAPES[type].map(() => 0) }]))
    const { name, help, unit } = family ?? {}
    assert.deepEqual(
      [name, help, unit, family?.type],
      [...['a:b_seconds', 'é "\n', 'seconds'], shown],
    )
  }
})

test('a series that replaces another has its own labels', () => {
  const { write } = newWriter('gauge')
  for (const series of [
    [1, 2],
    [3, 2],
    [2, 3],
  ]) {
    const groups = [{ series, values: series }]
    assert.deepEqual(readMetrics(write(groups), 'gauge'), expected(groups, 'gauge', {}))
  }
})

test('a default label is on series without one of its name, and never the label of bounds', () => {
  const { write } = newWriter('histogram')
  const extra = { engine: 'theirs', le: 'theirs', host: 'h' }
  const [family] = decodeFamilies(write([{ series: [9], values: [1, 1, 1, 1, 1] }], extra))
  assert.deepEqual(
    family?.metric[0]?.label.map(({ name, value }) => `${name}=${value}`),
    ['model=m', 'source=a', 'engine=9', 'status=ok', 'host=h'],
  )
})

test('exemplars and times of creation are shown, and change between scrapes', () => {
  let exemplar: Exemplar | undefined
  let created = -1
  const { write } = newWriter('histogram', {
    exemplarOf: (_, series, shape) => (series === 1 && shape !== 1 ? exemplar : undefined),
    createdOf: (_, series) => (series === 1 ? created : -1),
  })
  const scrape = () => {
    const values = [1, 2, 3, 4.5, 3, 5, 6, 7, 8.5, 7]
    const [family] = decodeFamilies(write([{ series: [5, 6], values }]))
    const [plain, other] = family?.metric ?? []
    assert.deepEqual(
      plain?.histogram?.bucket.map((bucket) => bucket.exemplar),
      [undefined, undefined],
    )
    assert.equal(plain?.histogram?.createdTimestamp, undefined)
    assert.deepEqual([other?.histogram?.sampleCount, other?.histogram?.sampleSum], [7, 8.5])
    return other?.histogram
  }
  assert.equal(scrape()?.createdTimestamp, undefined)
  created = 1_700_000_000.123
  assert.deepEqual(scrape()?.createdTimestamp, { seconds: 1_700_000_000, nanos: 123_000_000 })
  for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    created = seconds
    assert.equal(scrape()?.createdTimestamp, undefined)
  }
  exemplar = { labels: { trace_id: 'é"' }, value: 0.3, timestampSeconds: 7.25 }
  const shown = {
    label: [{ name: 'trace_id', value: 'é"' }],
    value: 0.3,
    timestamp: { seconds: 7, nanos: 250_000_000 },
  }
  // The bucket +Inf is present because of its exemplar.
  assert.deepEqual(scrape()?.bucket, [
    { cumulativeCount: 5, upperBound: 0.5, exemplar: shown },
    { cumulativeCount: 6, upperBound: 1 },
    { cumulativeCount: 7, upperBound: Number.POSITIVE_INFINITY, exemplar: shown },
  ])
  exemplar = { labels: {}, value: 1 }
  assert.deepEqual(scrape()?.bucket[0]?.exemplar, { label: [], value: 1 })
  exemplar = undefined
  assert.equal(scrape()?.bucket.length, 2)
})
