import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FamilyText } from '../../src/prometheus/family-text.js'
import { histogramLines, type Labels, SINGLE_LINE } from '../../src/prometheus/sample-source.js'
import { TextWriter } from '../../src/prometheus/text-writer.js'

/** A group of series as tests make them: the number of each names its labels. */
interface Group {
  readonly series: readonly number[]
  readonly values: readonly number[]
}

const LINES = { counter: SINGLE_LINE, histogram: histogramLines([0.5, 1]) }
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

/** A family whose groups can be changed. */
function newFamily(lines: (typeof LINES)[keyof typeof LINES]) {
  const source = {
    lines,
    all: [] as readonly Group[],
    groups: () => source.all,
    labels: ({ series }: Group) => series.map((index) => LABELS[index]),
    read: (group: Group, to: Float64Array, at: number) => to.set(group.values, at),
  }
  return { source, text: new FamilyText('family', source) }
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
      const all = { model: 'm', ...own, ...behind, ...(le === undefined ? {} : { le }) }
      const labels = Object.entries(all).map(([name, label]) => `${name}="${escaped(label)}"`)
      return `family${suffix}{${labels.join(',')}} ${shown(value)}\n`
    }),
  )
  return text.join('')
}

function textOf(writer: TextWriter): string {
  return Buffer.concat(writer.take()).toString()
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
        const { source, text } = newFamily(lines)
        for (const { groups, behind, isSame, seed } of all) {
          source.all = isSame
            ? source.all.map(({ series, values }) => ({
                series,
                values: values.map((value, index) => (index % 3 === 0 ? value : value + seed)),
              }))
            : groups
          const writer = new TextWriter()
          for (const _ of text.write(writer, { model: 'm' }, behind));
          assert.equal(textOf(writer), expected(source.all, lines, behind))
        }
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  test(`two scrapes of a ${kind} at once do not get in each other’s way`, () => {
    const both = fc.tuple(groupsOf(lines.length), groupsOf(lines.length), fc.array(fc.boolean()))
    fc.assert(
      fc.property(both, ([first, second, turns]) => {
        const { source, text } = newFamily(lines)
        const scrape = (groups: readonly Group[], behind: Labels) => {
          source.all = groups
          const writer = new TextWriter()
          const steps = text.write(writer, { model: 'm' }, behind)[Symbol.iterator]()
          return { writer, steps, text: expected(groups, lines, behind) }
        }
        const [left, right] = [scrape(first, {}), scrape(second, { host: 'b' })]
        for (const isLeft of turns) (isLeft ? left : right).steps.next()
        for (const { steps, writer, text } of [right, left]) {
          while (steps.next().done !== true);
          assert.equal(textOf(writer), text)
        }
      }),
      { seed: 43, numRuns: 100 },
    )
  })
}

test('all values of a sheet may get as long as they can be, and short again', () => {
  const { source, text } = newFamily(SINGLE_LINE)
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
    source.all = [{ series, values: series.map(() => value) }]
    const writer = new TextWriter()
    for (const _ of text.write(writer, { model: 'm' }, {}));
    assert.equal(textOf(writer), expected(source.all, SINGLE_LINE, {}))
  }
})
