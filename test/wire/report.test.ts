import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { BinLayout } from '../../src/stats/bin-layout.js'
import { BOUNDS_MAX } from '../../src/stats/bucket-bounds.js'
import { addPackedBins } from '../../src/stats/packed-bins.js'
import { decodePayload } from '../../src/wire/payload.js'
import { type DecodedReport, encodeReport, type Report } from '../../src/wire/report.js'
import { packedContents } from '../support/assertions/contents.js'
import { failure } from '../support/assertions/failures.js'
import { characters } from '../support/generators/arbitraries.js'
import { reportBytes, reports } from '../support/generators/reports.js'

function decode(bytes: Uint8Array, layout?: BinLayout): DecodedReport {
  const payload = decodePayload(
    bytes,
    layout === undefined ? {} : { stats: { bounds: layout.bounds } },
  )
  assert.ok(payload.kind === 'report')
  return payload.report
}

/** A report with its sums and bins in a comparable form. */
function comparable({ series, ...rest }: Omit<Report, 'timestampMs'>): unknown {
  const shown = series.map((each) => [each.operation, each.status, packedContents(each)])
  return { ...rest, bounds: [...rest.bounds], series: shown }
}

/** The fields of an encoded report, changed and packed again. */
function changed(change: (fields: Record<string, unknown>) => void): Uint8Array {
  const fields = new Unpackr({ useRecords: false }).unpack(reportBytes())
  change(fields)
  return new Packr({ useRecords: false }).pack(fields)
}

function changedSeries(field: number, value: unknown): Uint8Array {
  return changed((fields) => {
    const [series] = fields.series as unknown[][]
    series[field] = value
  })
}

test('a decoded report is equal to the encoded one', () => {
  fc.assert(
    fc.property(reports, ({ report, layout }) => {
      const { bucketCounts, ...decoded } = decode(encodeReport(report), layout)
      const { timestampMs: _, ...sent } = report
      assert.deepEqual(comparable(decoded), comparable(sent))
      const buckets = layout.bounds.length + 1
      for (const [index, { bins }] of report.series.entries()) {
        const expected = new Float64Array(buckets)
        addPackedBins(expected, bins, layout.bucketOfBin)
        assert.deepEqual(bucketCounts.slice(index * buckets, (index + 1) * buckets), expected)
      }
    }),
    { seed: 31, numRuns: 1_000 },
  )
})

test('a name of more than 255 bytes is rejected, since no recorder sends one', () => {
  const [series] = decode(reportBytes()).series
  const longest = '\u00e9'.repeat(127)
  const names = { operation: longest, status: longest }
  assert.equal(decode(reportBytes({ series: [{ ...series, ...names }] })).series.length, 1)
  for (const name of ['operation', 'status']) {
    const bytes = reportBytes({ series: [{ ...series, [name]: `${longest}\u00e9` }] })
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', 'range'))
  }
})

test('long names are decoded completely', () => {
  const name = fc
    .string({ unit: characters, minLength: 60, maxLength: 400 })
    .filter((text) => Buffer.byteLength(text) <= 255)
  fc.assert(
    fc.property(name, name, (operation, status) => {
      const [series] = decode(reportBytes()).series
      const report = decode(reportBytes({ series: [{ ...series, operation, status }] }))
      assert.equal(report.series[0].operation, operation)
      assert.equal(report.series[0].status, status)
    }),
    { seed: 32, numRuns: 200 },
  )
})

test('encoded bytes own their memory, so that posting them copies nothing else', () => {
  const bytes = reportBytes()
  assert.equal(bytes.byteLength, bytes.buffer.byteLength)
})

test('a report of another version or without one is rejected for its version', () => {
  for (const version of [0, 1, 2, 4, '3', null, {}]) {
    const bytes = changed((fields) => {
      fields.moonmeter_report = version
    })
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', 'version'))
  }
})

test('a report with other bounds is rejected, also if only their number differs', () => {
  const many = Array.from({ length: BOUNDS_MAX }, (_, index) => index)
  const layouts = [[1], [], [0.001, 0.005], many].map((bounds) => new BinLayout(bounds))
  for (const layout of layouts) {
    assert.throws(() => decode(reportBytes(), layout), failure('INVALID_PAYLOAD', 'bounds'))
  }
})

test('a malformed engine index, incarnation, sequence or time is rejected', () => {
  const engines = [-1, 1.5, '3', null, 2 ** 53, Number.NaN]
  for (const engine of engines) {
    const bytes = changed((fields) => {
      fields.engine = engine
    })
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', 'engine'), String(engine))
  }
  for (const field of ['incarnation', 'sequence']) {
    for (const [value, reason] of [
      [-1, 'range'],
      [Number.POSITIVE_INFINITY, 'range'],
      ['1', 'type'],
      [null, 'type'],
    ] as const) {
      const bytes = changed((fields) => {
        fields[field] = value
      })
      assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', reason), `${field} ${value}`)
    }
  }
})

test('every field of a series is checked', () => {
  const cases: readonly (readonly [number, unknown, 'type' | 'range'])[] = [
    [0, 7, 'type'],
    [1, null, 'type'],
    [2, 7, 'type'],
    [2, [-1, 0, 0], 'range'],
    [2, [0, Number.NaN, 0], 'range'],
    [2, [0, 0, 'many'], 'type'],
    [2, [2 ** 118, 0, 0], 'range'],
    [3, [1], 'type'],
    [3, new Uint8Array(29), 'range'],
    [4, 'bins', 'type'],
    // A bin past the last, bins to skip that are missing or none, half a count.
    [4, Uint8Array.of(0, 0xff, 0x7f, 1), 'range'],
    [4, Uint8Array.of(1, 0), 'range'],
    [4, Uint8Array.of(1, 0, 0, 1), 'range'],
    [4, Uint8Array.of(1, 0x80), 'range'],
  ]
  for (const [field, value, reason] of cases) {
    const bytes = changedSeries(field, value)
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', reason), `${field}: ${value}`)
  }
})

test('a series of too few or too many values is rejected, and so is one that is not an array', () => {
  for (const [series, reason] of [
    [[[]], 'shape'],
    [[new Array(6).fill(0)], 'shape'],
    [[['op', 'ok', [1, 2], new Uint8Array(0), new Uint8Array(0)]], 'shape'],
    [[{}], 'type'],
    [{}, 'type'],
    [null, 'type'],
  ] as const) {
    const bytes = changed((fields) => {
      fields.series = series
    })
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', reason))
  }
})

test('counts of keys and bytes with a fraction are rejected, since no recorder sends them', () => {
  for (const counter of [0, 1, 2]) {
    const bytes = changedSeries(2, [0, 0, 0].with(counter, 0.5))
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', 'range'))
  }
})

test('half of a surrogate pair in a name is rejected, since it has no UTF-8', () => {
  const [series] = decode(reportBytes()).series
  for (const operation of ['\ud83d', 'x\udc00y']) {
    const bytes = reportBytes({ series: [{ ...series, operation }, series] })
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', 'malformed'))
  }
})

test('every field of an exemplar is checked', () => {
  const valid: readonly unknown[] = [0, 0.5, 1_700_000_000, 'trace']
  assert.equal(
    decode(changed((fields) => Object.assign(fields, { exemplars: [valid] }))).exemplars.length,
    1,
  )
  const cases: readonly (readonly [unknown, 'type' | 'shape' | 'range'])[] = [
    [null, 'type'],
    ['trace', 'type'],
    [{}, 'type'],
    [[7], 'type'],
    [[null], 'type'],
    [[[]], 'shape'],
    [[[...valid, 1]], 'shape'],
    [[valid.with(0, 1)], 'range'],
    [[valid.with(0, -1)], 'range'],
    // Times 16 buckets, and with the bucket before that of the row, this is the index of that bucket.
    [[valid.with(0, 1 / 16).with(1, 0.35)], 'range'],
    [[valid.with(0, 2 ** 63)], 'range'],
    [[valid.with(0, Number.NaN)], 'range'],
    [[valid.with(0, '0')], 'type'],
    // The only row is of another bucket.
    [[valid.with(1, 0.51)], 'range'],
    [[valid.with(1, -0.5)], 'range'],
    [[valid.with(1, Number.POSITIVE_INFINITY)], 'range'],
    [[valid.with(1, '0.5')], 'type'],
    [[valid.with(2, -1)], 'range'],
    [[valid.with(2, Number.NaN)], 'range'],
    [[valid.with(2, 253_402_300_800)], 'range'],
    [[valid.with(2, null)], 'type'],
    [[valid.with(3, '')], 'range'],
    [[valid.with(3, 'x'.repeat(121))], 'range'],
    [[valid.with(3, '\u{1f680}'.repeat(121))], 'range'],
    [[valid.with(3, 'x'.repeat(100_000))], 'range'],
    [[valid.with(3, 7)], 'type'],
    [[valid.with(3, new Uint8Array(3))], 'type'],
    [new Array(513).fill(valid), 'range'],
  ]
  for (const [exemplars, reason] of cases) {
    const bytes = changed((fields) => Object.assign(fields, { exemplars }))
    const what = JSON.stringify(exemplars)?.slice(0, 80)
    assert.throws(() => decode(bytes), failure('INVALID_PAYLOAD', reason), what)
  }
})

test('a report without exemplars has the same version', () => {
  const fields = new Unpackr({ useRecords: false }).unpack(reportBytes())
  assert.deepEqual(['exemplars' in fields, decode(reportBytes()).exemplars], [false, []])
})
