import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  histogramSamples,
  type Labels,
  type MetricFamily,
  SINGLE_SAMPLE,
} from '../../src/exposition/metric-family.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'

/** A group of series as tests make them: the number of each names its labels. */
interface Group {
  readonly series: readonly number[]
  readonly values: readonly number[]
}

const LINES = { counter: SINGLE_SAMPLE, histogram: histogramSamples([0.5, 1]) }
/** The same objects at every scrape; one of them is not ASCII. */
const LABELS: readonly Labels[] = Array.from({ length: 60 }, (_, index) => ({
  engine: String(index),
  status: index === 7 ? 'é"\n' : 'ok',
}))

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
    }),
  )
  return fc.array(group, { maxLength: 6 })
}

/** Labels that all series of a group have. */
const GROUP_LABELS: Labels = { source: 'a' }

/** A family whose groups can be changed, and a writer of it. */
function newFamily(shapes: (typeof LINES)[keyof typeof LINES]) {
  const family: MetricFamily<Group> = {
    definition: { name: 'family', type: 'counter', help: 'Help.' },
    constantLabels: { model: 'm' },
    shapesOf: () => shapes,
    labelsOf: () => GROUP_LABELS,
    seriesOf: ({ series }) => series.map((index) => LABELS[index]),
    read: ({ values }, to, at) => to.set(values, at),
  }
  const writer = FORMATS.text.createWriter(family)
  return {
    write: (output: OutputBuffer, groups: readonly Group[], extraLabels: Labels) =>
      writer.write(output, groups, { extraLabels, families: [] }),
  }
}

/** The text as it is in plain words. */
function expected(
  groups: readonly Group[],
  lines: (typeof LINES)[keyof typeof LINES],
  behind: Labels,
): string {
  const escaped = (value: string) =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  const shown = (value: number) => (value === Number.POSITIVE_INFINITY ? '+Inf' : String(value))
  const text = groups.flatMap(({ series, values }) =>
    values.map((value, index) => {
      const { suffix, le } = lines[index % lines.length]
      const own = LABELS[series[Math.floor(index / lines.length)]]
      const all = {
        model: 'm',
        ...GROUP_LABELS,
        ...own,
        ...behind,
        ...(le === undefined ? {} : { le }),
      }
      const labels = Object.entries(all).map(([name, label]) => `${name}="${escaped(label)}"`)
      return `family${suffix}{${labels.join(',')}} ${shown(value)}\n`
    }),
  )
  return `# HELP family Help.\n# TYPE family counter\n${text.join('')}`
}

function textOf(output: OutputBuffer): string {
  return Buffer.concat(output.take()).toString()
}

for (const [kind, lines] of Object.entries(LINES)) {
  const scrapes = fc.array(
    fc.record({
      groups: groupsOf(lines.length),
      behind: fc.constantFrom<Labels>({}, {}, {}, { host: 'a' }),
      // Whether only the values change.
      isSame: fc.boolean(),
      seed: fc.nat({ max: 2_000 }),
    }),
    { maxLength: 8 },
  )

  test(`scrapes of a ${kind} show what is there, whatever was there before`, () => {
    fc.assert(
      fc.property(scrapes, (all) => {
        const { write } = newFamily(lines)
        let shown: readonly Group[] = []
        for (const { groups, behind, isSame, seed } of all) {
          shown = isSame
            ? shown.map(({ series, values }) => ({
                series,
                values: values.map((value, index) => (index % 3 === 0 ? value : value + seed)),
              }))
            : groups
          const output = new OutputBuffer()
          for (const _ of write(output, shown, behind));
          assert.equal(textOf(output), expected(shown, lines, behind))
        }
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  test(`two scrapes of a ${kind} at once do not get in each other’s way`, () => {
    const both = fc.tuple(groupsOf(lines.length), groupsOf(lines.length), fc.array(fc.boolean()))
    fc.assert(
      fc.property(both, ([first, second, turns]) => {
        const { write } = newFamily(lines)
        const scrape = (groups: readonly Group[], behind: Labels) => {
          const output = new OutputBuffer()
          const steps = write(output, groups, behind)[Symbol.iterator]()
          return { output, steps, text: expected(groups, lines, behind) }
        }
        const [left, right] = [scrape(first, {}), scrape(second, { host: 'b' })]
        for (const isLeft of turns) (isLeft ? left : right).steps.next()
        for (const { steps, output, text } of [right, left]) {
          while (steps.next().done !== true);
          assert.equal(textOf(output), text)
        }
      }),
      { seed: 43, numRuns: 100 },
    )
  })
}

test('all values of a block of lines may get as long as they can be, and short again', () => {
  const { write } = newFamily(SINGLE_SAMPLE)
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
    const all = [{ series, values: series.map(() => value) }]
    const output = new OutputBuffer()
    for (const _ of write(output, all, {}));
    assert.equal(textOf(output), expected(all, SINGLE_SAMPLE, {}))
  }
})
