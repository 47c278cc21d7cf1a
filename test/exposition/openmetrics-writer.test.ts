import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMATS } from '../../src/exposition/formats.js'
import {
  type FamilyDefinition,
  type MetricFamily,
  NO_LABELS,
  type SampleShape,
  SINGLE_SAMPLE,
} from '../../src/exposition/metric-family.js'
import { OutputBuffer } from '../../src/exposition/output-buffer.js'

/** A family of one series without labels, each of whose samples is 1. */
function familyOf(
  definition: FamilyDefinition,
  shapes: readonly SampleShape[] = SINGLE_SAMPLE,
  more: Partial<MetricFamily> = {},
): MetricFamily {
  return {
    definition,
    constantLabels: NO_LABELS,
    shapesOf: () => shapes,
    labelsOf: () => NO_LABELS,
    seriesOf: () => [NO_LABELS],
    read: (_, values, at) => values.fill(1, at, at + shapes.length),
    ...more,
  }
}

function written(family: MetricFamily, ...others: readonly FamilyDefinition[]): string[] {
  const families = [family.definition, ...others]
  const output = new OutputBuffer()
  const writer = FORMATS.openmetrics.createWriter(family)
  for (const _ of writer.write(output, [undefined], { extraLabels: NO_LABELS, families }));
  return Buffer.concat(output.take()).toString().trimEnd().split('\n')
}

const CREATED = { createdOf: () => 1_700_000_000.25 }

test('the family name of a counter has no suffix, and the names of its samples have it', () => {
  const definition = { name: 'a:bytes_total', type: 'counter', help: 'Help.' } as const
  assert.deepEqual(written(familyOf(definition, SINGLE_SAMPLE, CREATED)), [
    '# TYPE a:bytes counter',
    '# HELP a:bytes Help.',
    'a:bytes_total 1',
    'a:bytes_created 1700000000.25',
  ])
})

test('a counter without the suffix has the type unknown, so that its name does not change', () => {
  for (const name of ['requests', '_total', 'requests_total_']) {
    const definition = { name, type: 'counter', help: 'Help.' } as const
    const exemplarOf = () => ({ labels: { trace_id: 'a' }, value: 1 })
    assert.deepEqual(written(familyOf(definition, SINGLE_SAMPLE, { ...CREATED, exemplarOf })), [
      `# TYPE ${name} unknown`,
      `# HELP ${name} Help.`,
      `${name} 1`,
    ])
  }
})

test('a counter whose name is another family’s without the suffix is of unknown type', () => {
  const definition = { name: 'a_total', type: 'counter', help: 'Help.' } as const
  const family = familyOf(definition, SINGLE_SAMPLE, CREATED)
  const clashing: readonly FamilyDefinition[] = [
    { name: 'a', type: 'gauge', help: '' },
    { name: 'a', type: 'histogram', help: '' },
    { name: 'a_created', type: 'gauge', help: '' },
  ]
  for (const other of clashing) assert.equal(written(family, other)[0], '# TYPE a_total unknown')
  const others: readonly FamilyDefinition[] = [
    { name: 'a_bucket', type: 'gauge', help: '' },
    { name: 'a_total_total', type: 'gauge', help: '' },
    { name: 'b', type: 'gauge', help: '' },
  ]
  assert.equal(written(family, ...others)[0], '# TYPE a counter')
  const nested = { name: 'h_count_total', type: 'counter', help: '' } as const
  const histogram = { name: 'h', type: 'histogram', help: '' } as const
  assert.equal(written(familyOf(nested), histogram)[0], '# TYPE h_count_total unknown')
})

test('the unit is written only if the name ends in it, and a help text is escaped', () => {
  const seconds = {
    name: 'a_seconds',
    type: 'gauge',
    help: 'The "time" \\ taken\nso far.',
  } as const
  assert.deepEqual(written(familyOf(seconds, SINGLE_SAMPLE, { unit: 'seconds' })), [
    '# TYPE a_seconds gauge',
    '# UNIT a_seconds seconds',
    '# HELP a_seconds The \\"time\\" \\\\ taken\\nso far.',
    'a_seconds 1',
  ])
  const counter = { name: 'b_bytes_total', type: 'counter', help: '' } as const
  assert.equal(
    written(familyOf(counter, SINGLE_SAMPLE, { unit: 'bytes' }))[1],
    '# UNIT b_bytes bytes',
  )
  // Its name is `b_bytes_total`, which does not end in a unit.
  const gauge = { name: 'b_bytes', type: 'gauge', help: '' } as const
  assert.deepEqual(written(familyOf(counter, SINGLE_SAMPLE, { unit: 'bytes' }), gauge), [
    '# TYPE b_bytes_total unknown',
    '# HELP b_bytes_total ',
    'b_bytes_total 1',
  ])
})

test('bounds and quantiles are canonical, also those of a user’s metric', () => {
  const bounds = ['0.005', '1', '2.50', '1000000', '1e10', '0.00001', '+Inf']
  const histogram = { name: 'a', type: 'histogram', help: 'Help.' } as const
  const buckets = bounds.map((le) => ({ suffix: '_bucket', le }))
  assert.deepEqual(
    written(familyOf(histogram, buckets)).slice(2),
    ['0.005', '1.0', '2.5', '1e+06', '1e+10', '1e-05', '+Inf'].map(
      (le) => `a_bucket{le="${le}"} 1`,
    ),
  )
  const summary = { name: 's', type: 'summary', help: 'Help.' } as const
  const quantiles = [
    { suffix: '', quantile: '1' },
    { suffix: '', quantile: '0.99' },
  ]
  assert.deepEqual(written(familyOf(summary, quantiles, CREATED)).slice(2), [
    's{quantile="1.0"} 1',
    's{quantile="0.99"} 1',
    's_created 1700000000.25',
  ])
})

test('an exemplar is on counters and buckets only, and with at most 128 characters of labels', () => {
  const labels = { trace_id: 'é'.repeat(120) }
  const exemplarOf = () => ({ labels, value: 0.5, timestampSeconds: 1_700_000_000.125 })
  const tail = ` # {trace_id="${labels.trace_id}"} 0.5 1700000000.125`
  const histogram = { name: 'a', type: 'histogram', help: 'Help.' } as const
  const shapes = [{ suffix: '_bucket', le: '+Inf' }, { suffix: '_sum' }, { suffix: '_count' }]
  assert.deepEqual(written(familyOf(histogram, shapes, { exemplarOf })).slice(2), [
    `a_bucket{le="+Inf"} 1${tail}`,
    'a_sum 1',
    'a_count 1',
  ])
  const counter = { name: 'c_total', type: 'counter', help: 'Help.' } as const
  assert.equal(written(familyOf(counter, SINGLE_SAMPLE, { exemplarOf }))[2], `c_total 1${tail}`)
  const gauge = { name: 'g', type: 'gauge', help: 'Help.' } as const
  assert.equal(written(familyOf(gauge, SINGLE_SAMPLE, { exemplarOf }))[2], 'g 1')
  labels.trace_id += 'x'
  assert.equal(written(familyOf(counter, SINGLE_SAMPLE, { exemplarOf }))[2], 'c_total 1')
})
