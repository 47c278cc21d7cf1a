import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  type Exemplar,
  histogramSamples,
  type Labels,
  type MetricFamily,
  type SampleShape,
  SINGLE_SAMPLE,
} from '../../src/exposition/metric-family.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'

/** A group of series; the labels of each derive from its number. */
interface Group {
  readonly series: readonly number[]
  readonly values: readonly number[]
  /** Per value, an index of `EXEMPLARS`. */
  readonly exemplars: readonly number[]
}

/** A type of metric with the samples of a series. */
interface Kind {
  readonly type: 'counter' | 'histogram'
  readonly shapes: readonly SampleShape[]
}

const KINDS: readonly Kind[] = [
  { type: 'counter', shapes: SINGLE_SAMPLE },
  { type: 'histogram', shapes: histogramSamples([0.5, 1]) },
]
const FORMAT_NAMES = ['text', 'openmetrics'] as const
type LineFormat = (typeof FORMAT_NAMES)[number]

/** The same objects at every scrape; one of them is not ASCII. */
const LABELS: readonly Labels[] = Array.from({ length: 60 }, (_, index) => ({
  engine: String(index),
  status: index === 7 ? 'é"\n' : 'ok',
}))

/** The same objects at every scrape, of different lengths; the first means no exemplar. */
const EXEMPLARS: readonly (Exemplar | undefined)[] = [
  undefined,
  { labels: { trace_id: 'a' }, value: 0.25, timestampSeconds: 1_700_000_000.5 },
  { labels: { trace_id: 'é"' }, value: 3 },
  { labels: { trace_id: '0af7651916cd43dd8448eb211c80319c' }, value: 0.3 },
]
const EXEMPLAR_TEXTS = [
  '',
  ' # {trace_id="a"} 0.25 1700000000.5',
  ' # {trace_id="é\\""} 3',
  ' # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.3',
]

const values = fc.oneof(
  fc.nat({ max: 2_000 }),
  fc.maxSafeNat(),
  fc
    .tuple(fc.nat({ max: 9_999 }), fc.nat({ max: 12 }))
    .map(([digits, zeros]) => digits * 10 ** zeros),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.constantFrom(1e21, 2 ** 53, 0.1, Number.NaN, Number.POSITIVE_INFINITY),
)

/** Groups of up to a thousand lines, more or fewer of the same series at each scrape. */
function groupsOf(lines: number): fc.Arbitrary<readonly Group[]> {
  const group = fc.subarray([...LABELS.keys()], { maxLength: 40 }).chain((series) =>
    fc.record({
      series: fc.constant(series),
      values: fc.array(values, {
        minLength: series.length * lines,
        maxLength: series.length * lines,
        size: 'max',
      }),
      exemplars: fc.array(fc.nat({ max: EXEMPLARS.length - 1 }), {
        minLength: series.length * lines,
        maxLength: series.length * lines,
        size: 'max',
      }),
    }),
  )
  return fc.array(group, { maxLength: 6 })
}

/** Labels that all series of a group have. */
const GROUP_LABELS: Labels = { source: 'a' }

/** The creation time of a series. */
function createdOf(series: number): number {
  return 1_700_000_000 + series / 4
}

/** A family whose groups can be changed, and a writer of it. */
function newFamily({ type, shapes }: Kind, format: LineFormat) {
  const family: MetricFamily<Group> = {
    definition: { name: 'family_total', type, help: 'A "help" \\.' },
    constantLabels: { model: 'm' },
    shapesOf: () => shapes,
    labelsOf: () => GROUP_LABELS,
    seriesOf: ({ series }) => series.map((index) => LABELS[index]),
    read: ({ values }, to, at) => to.set(values, at),
    createdOf: ({ series }, one) => createdOf(series[one]),
    exemplarOf: ({ exemplars }, one, shape) => EXEMPLARS[exemplars[one * shapes.length + shape]],
  }
  const writer = FORMATS[format].createWriter(family)
  return {
    write: (output: OutputBuffer, groups: readonly Group[], extraLabels: Labels) =>
      writer.write(output, groups, { extraLabels, families: [] }),
  }
}

/** The expected text, from a simple implementation. */
function expected(
  groups: readonly Group[],
  { type, shapes }: Kind,
  format: LineFormat,
  behind: Labels,
): string {
  const isText = format === 'text'
  const base = type === 'counter' ? 'family' : 'family_total'
  const heads = isText
    ? `# HELP family_total A "help" \\\\.\n# TYPE family_total ${type}\n`
    : `# TYPE ${base} ${type}\n# HELP ${base} A \\"help\\" \\\\.\n`
  const text = groups.flatMap((group) =>
    group.series.flatMap((index, one) => {
      const own = { model: 'm', ...GROUP_LABELS, ...LABELS[index], ...behind }
      const first = one * shapes.length
      const lines = shapes.map(({ suffix, le }, shape) => {
        const labels = le === undefined ? own : { ...own, le }
        const mayHave = !isText && (type === 'counter' || le !== undefined)
        const tail = mayHave ? EXEMPLAR_TEXTS[group.exemplars[first + shape]] : ''
        return `${line(`family_total${suffix}`, labels, group.values[first + shape])}${tail}\n`
      })
      return isText ? lines : [...lines, `${line(`${base}_created`, own, createdOf(index))}\n`]
    }),
  )
  return heads + text.join('')
}

function line(name: string, labels: Labels, value: number): string {
  const escaped = (label: string) =>
    label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  const shown = value === Number.POSITIVE_INFINITY ? '+Inf' : String(value)
  const pairs = Object.entries(labels).map(([label, own]) => `${label}="${escaped(own)}"`)
  return `${name}{${pairs.join(',')}} ${shown}`
}

function textOf(output: OutputBuffer): string {
  return Buffer.concat(output.take()).toString()
}

for (const kind of KINDS) {
  const { length } = kind.shapes
  const scrapes = fc.array(
    fc.record({
      groups: groupsOf(length),
      behind: fc.constantFrom<Labels>({}, {}, {}, { host: 'a' }),
      // Whether only the values change, and with which seed, and the exemplars.
      isSame: fc.boolean(),
      seed: fc.nat({ max: 2_000 }),
      turn: fc.nat({ max: 2 }),
    }),
    { maxLength: 8 },
  )

  for (const format of FORMAT_NAMES) {
    test(`scrapes of a ${kind.type} as ${format} show the current values after any earlier ones`, () => {
      fc.assert(
        fc.property(scrapes, (all) => {
          const { write } = newFamily(kind, format)
          let shown: readonly Group[] = []
          for (const { groups, behind, isSame, seed, turn } of all) {
            shown = isSame
              ? shown.map(({ series, values, exemplars }) => ({
                  series,
                  values: values.map((value, index) => (index % 3 === 0 ? value : value + seed)),
                  exemplars: exemplars.map((one) => (one + turn) % EXEMPLARS.length),
                }))
              : groups
            const output = new OutputBuffer()
            for (const _ of write(output, shown, behind));
            assert.equal(textOf(output), expected(shown, kind, format, behind))
          }
        }),
        { seed: 42, numRuns: 80 },
      )
    })

    test(`two scrapes of a ${kind.type} as ${format} at once do not disturb each other`, () => {
      const both = fc.tuple(groupsOf(length), groupsOf(length), fc.array(fc.boolean()))
      fc.assert(
        fc.property(both, ([first, second, turns]) => {
          const { write } = newFamily(kind, format)
          const scrape = (groups: readonly Group[], behind: Labels) => {
            const output = new OutputBuffer()
            const steps = write(output, groups, behind)[Symbol.iterator]()
            return { output, steps, text: expected(groups, kind, format, behind) }
          }
          const [left, right] = [scrape(first, {}), scrape(second, { host: 'b' })]
          for (const isLeft of turns) (isLeft ? left : right).steps.next()
          for (const { steps, output, text } of [right, left]) {
            while (steps.next().done !== true);
            assert.equal(textOf(output), text)
          }
        }),
        { seed: 43, numRuns: 50 },
      )
    })
  }
}

test('all values of a block of lines may get the maximum length, and short again', () => {
  const [counter] = KINDS
  const { write } = newFamily(counter, 'text')
  for (const value of [
    1,
    Number.MAX_SAFE_INTEGER,
    0,
    96_636_764_161,
    193_273_528_322,
    0.5,
    -1 / 3e300,
    7,
  ]) {
    const series = [...LABELS.keys()]
    const all = [{ series, values: series.map(() => value), exemplars: series.map(() => 0) }]
    const output = new OutputBuffer()
    for (const _ of write(output, all, {}));
    assert.equal(textOf(output), expected(all, counter, 'text', {}))
  }
})
