import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Condition } from '../../../src/cli/screen/condition.js'
import { CONTROLS } from '../../../src/cli/screen/controls.js'
import { drawPicture, type Picture } from '../../../src/cli/screen/picture.js'
import { plainBlock } from '../../../src/cli/screen/plain-block.js'
import { PLAIN, type Style } from '../../../src/cli/screen/style.js'
import { columnsOf } from '../../../src/cli/screen/text.js'
import {
  engineRow,
  liveView,
  operationRow,
  outlierRow,
  VIEW_MS,
} from '../../support/generators/live-views.js'

// Times of day are in the time zone of the user.
process.env.TZ = 'UTC'

const LIVE: Condition = { word: '● live', kind: 'live', message: undefined, ageMs: 0 }
/** Styles as visible marks in a text. */
const MARKED: Style = {
  strong: (text) => `<b>${text}</b>`,
  faint: (text) => `<f>${text}</f>`,
  accent: (text) => `<a>${text}</a>`,
  alert: (text) => `<r>${text}</r>`,
}

function picture(change: Partial<Picture> = {}): Picture {
  return {
    ...{ title: 'moonmeter', modelName: 'llama-3-70b', view: liveView(), controls: CONTROLS },
    ...{ condition: LIVE, footer: [], waiting: [] },
    ...change,
  }
}

function draw(change: Partial<Picture>, columns: number, rows: number, style = PLAIN): string[] {
  return drawPicture(picture(change), columns, rows, style).map((line) => line.trimEnd())
}

test('a screen of 80 × 24 has the headline, latency, operations, and the marked engine first', () => {
  assert.deepEqual(draw({}, 80, 24), [
    'moonmeter · llama-3-70b · 4 engines          last 5 min · all operations  ● live',
    '2,940 ops/s         5.88 GB/s           0.310 % failed keys   4 of 4 engines up',
    '▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇  ▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇  ▁▁▁▁▁▁▁▁▁▇▁▁▁▁▁▁▁▁    0.4 s ago',
    '',
    `latency      p50    952 µs  ${'▁'.repeat(52)}`,
    `last 10 s    p90   9.52 ms  ${'▄'.repeat(52)}`,
    `chart 5 min  p99   95.2 ms  ${'▇'.repeat(52)}`,
    '',
    '  operation  ops/s  p50 ms  p90 ms  p99 ms  keys/s  GB/s  failed %  trend',
    '  load_get   1,470   0.850    8.50    85.0  14,700  2.94     0.250  ▁▂▂▃▃▄▄▅▅▆▆▇',
    '  save_put   1,470   2.13    21.3    213    14,700  2.94     0.250  ▁▂▂▃▃▄▄▅▅▆▆▇',
    '',
    '  engine↑  ops/s  p50 ms  p90 ms  p99 ms  × median  failed %  trend',
    '! 2          735   4.12    41.2    412        5.13         0  ▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇',
    '  └ p99 412 ms, 5.13 × the median of the other engines since 14:02',
    '  0          735   0.800    8.00    80.0      1.00         0  ▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇',
    '  1          735   0.810    8.10    81.0      1.00         0  ▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇',
    '  3          735   0.790    7.90    79.0      1.00         0  ▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇',
    ...['', '', '', '', ''],
    'q quit  space pause  w window  o operation  e engine  s status  ←→ sort  ↑↓ move',
  ])
})

test('a screen of 60 columns has shorter texts and fewer columns', () => {
  assert.deepEqual(draw({}, 60, 18), [
    'moonmeter · llama-3-70b · 4 engines       last 5 min  ● live',
    '2,940 ops/s    5.88 GB/s      0.310 % failed   4 of 4 up',
    '▁▂▂▃▃▄▄▅▅▆▆▇▇  ▁▂▂▃▃▄▄▅▅▆▆▇▇  ▁▁▁▁▁▁▇▁▁▁▁▁▁    0.4 s ago',
    `latency      p50    952 µs  ${'▁'.repeat(32)}`,
    `last 10 s    p90   9.52 ms  ${'▄'.repeat(32)}`,
    `chart 5 min  p99   95.2 ms  ${'▇'.repeat(32)}`,
    '',
    '  operation  ops/s  p50 ms  p90 ms  p99 ms  failed %  trend',
    '  load_get   1,470   0.850    8.50    85.0     0.250  ▂▃▄▅▆▇',
    '  save_put   1,470   2.13    21.3    213       0.250  ▂▃▄▅▆▇',
    '',
    '  engine↑  ops/s  p50 ms  p90 ms  p99 ms  × median  failed %',
    '! 2          735   4.12    41.2    412        5.13         0',
    "  └ p99 412 ms, 5.13 × the others' median since 14:02",
    '  0          735   0.800    8.00    80.0      1.00         0',
    '  1          735   0.810    8.10    81.0      1.00         0',
    '  3          735   0.790    7.90    79.0      1.00         0',
    'q quit  space pause  w window  o operation  e engine',
  ])
})

test('a high screen has a heat map on the time axis of the latency lines', () => {
  const lines = draw({}, 100, 34)
  const first = lines.indexOf('operations by latency, few ░▒▓█ many in a cell')
  assert.deepEqual(lines.slice(first + 1, first + 12), [
    `               from 11.3 s  ${' '.repeat(65)}▒▓▓████`,
    `               from 4.00 s  ${' '.repeat(58)}▒▓▓${'█'.repeat(11)}`,
    `               from 1.41 s  ${' '.repeat(50)}▒▒▒▓▓${'█'.repeat(17)}`,
    `               from 500 ms  ${' '.repeat(43)}▒▒▒▓▓${'█'.repeat(24)}`,
    `               from 177 ms  ${' '.repeat(36)}▒▒▓▓▓▓${'█'.repeat(30)}`,
    `              from 62.5 ms  ${' '.repeat(29)}▒▒▒▓▓▓▓▓▓▓▓${'█'.repeat(32)}`,
    `              from 22.1 ms  ${' '.repeat(22)}░▒▒▒${'▓'.repeat(14)}${'█'.repeat(32)}`,
    `              from 7.81 ms  ${' '.repeat(14)}░░▒▒▒▒${'▓'.repeat(20)}${'█'.repeat(32)}`,
    `              from 2.76 ms  ${' '.repeat(7)}░░░▒▒▒▒▒▒▒▒${'▓'.repeat(22)}${'█'.repeat(32)}`,
    `               from 977 µs  ░░░░░${'▒'.repeat(13)}${'▓'.repeat(22)}${'█'.repeat(32)}`,
    `${' '.repeat(28)}5 min ago${' '.repeat(60)}now`,
  ])
})

test('on a low screen the engines stay, and a line has the number of hidden ones', () => {
  const engines = Array.from({ length: 70 }, (_, index) => engineRow(String(index), 10, 0.1))
  const view = liveView({ engines })
  const lines = draw({ view }, 80, 10)
  assert.deepEqual(
    lines.slice(-6).map((line) => line.slice(0, 20)),
    [
      ...['  engine↑  ops/s  p5', '  0         10.0    ', '  1         10.0    '],
      ...['  2         10.0    ', '  ↓ 67 more engines', 'q quit  space pause '],
    ],
  )
  assert.equal(lines.length, 10)
})

test('the cursor is always among the engines that are shown', () => {
  const engines = Array.from({ length: 70 }, (_, index) =>
    index % 7 === 0 ? outlierRow(String(index), 10, 0.5) : engineRow(String(index), 10, 0.1),
  )
  const view = liveView({ engines })
  for (const { source } of engines) {
    const lines = draw({ view, controls: { ...CONTROLS, selected: source } }, 80, 24)
    assert.equal(lines.filter((line) => line.startsWith(`▸ ${source} `)).length, 1, source)
    assert.equal(lines.length, 24)
  }
})

test('figures that are out of date are faint, and the header shows their age', () => {
  const condition: Condition = {
    word: 'no data for 8 s, reconnecting',
    kind: 'stale',
    message: 'connect ECONNREFUSED 127.0.0.1:9464; next attempt in 4 s',
    ageMs: 8_000,
  }
  const [header, ...lines] = drawPicture(picture({ condition }), 80, 24, MARKED)
  assert.equal(
    header,
    '<b>moonmeter · llama-3-70b · 4 engines</b>    last 5 min  ' +
      '<r>no data for 8 s, reconnecting</r>',
  )
  for (const line of lines.slice(0, -2)) assert.match(line, /^<f>[^<]*<\/f>$/)
  assert.match(lines[1] ?? '', / 8\.4 s ago/)
  assert.equal(lines.at(-2), `<r>${condition.message}</r>`)
})

test('engines that are not up are marked in words and come before others', () => {
  const engines = [engineRow('0', 10, 0.1), engineRow('1', 10, 0.1), outlierRow('2', 10, 0.5)]
  const { state } = engines[1]
  assert.ok(state)
  engines[1] = { ...engines[1], state: { ...state, up: false } }
  for (const columns of [60, 80, 100]) {
    const lines = draw({ view: liveView({ engines }) }, columns, 24)
    assert.match(lines[1] ?? '', / 2 of 3 (engines )?up$/)
    const marks = lines.filter((line) => /^. \d/.test(line)).map((line) => line.slice(0, 3))
    assert.deepEqual(marks, ['! 1', '! 2', '  0'])
    const at = lines.findIndex((line) => line.startsWith('! 1'))
    assert.equal(lines[at + 1], '  └ down: its last report was 0.5 s ago')
  }
})

test('engines that ended on purpose are faint and last, and are no problem', () => {
  const ended = engineRow('0', 10, 0.1)
  assert.ok(ended.state)
  const engines = [
    { ...ended, state: { ...ended.state, up: false, open: false as const }, end: 'ended' as const },
    { ...engineRow('1', 10, 0.1), state: undefined, end: 'dropped' as const },
    engineRow('2', 10, 0.1),
  ]
  const view = liveView({ engines, engineCount: 2 })
  for (const columns of [60, 80, 100]) {
    const lines = draw({ view }, columns, 24)
    assert.match(lines[1] ?? '', /1(\/| of )1( up)?, 1 ended$/)
    const names = lines.filter((line) => /^. \d/.test(line)).map((line) => line.slice(0, 11))
    assert.deepEqual(
      names.map((name) => name.trimEnd()),
      ['  2', '  0 ended', '  1 dropped'],
    )
  }
  const drawn = drawPicture(picture({ view }), 80, 24, MARKED)
  assert.ok(drawn.some((line) => line.startsWith('<f>  0 ended')))
  assert.ok(!drawn.join().includes('<r>'))
})

test('an operation that is failing is red, with the reason as text', () => {
  const failure = { failedKeyRatio: 0.676, sinceMs: VIEW_MS - 180_000 }
  const operations = [
    operationRow('load_get', 10, 0.1),
    { ...operationRow('save_put', 10, 0.1), failure },
  ]
  const lines = drawPicture(picture({ view: liveView({ operations }) }), 80, 24, MARKED)
  const at = lines.findIndex((line) => line.startsWith('<r>! save_put '))
  assert.equal(lines[at + 1], '<r>  └ failed for 67.6 % of its keys since 14:02</r>')
  assert.ok(lines.some((line) => line.startsWith('  load_get ')))
})

test('any share of failed keys fits the headline', () => {
  for (const failedKeyRatio of [undefined, 0, 1e-7, 0.000123, 0.0048, 0.0123, 0.2241, 1]) {
    const headline = { ...liveView().headline, failedKeyRatio }
    for (const columns of [60, 72, 80, 82, 100]) {
      const [, line = ''] = draw({ view: liveView({ headline }) }, columns, 24)
      assert.match(line, / % failed( keys)? {2,}/, line)
      assert.ok(columns !== 80 || line.includes('% failed keys'), line)
    }
  }
})

test('without engines the screen shows the code that connects one', () => {
  const lines = draw({ view: liveView({ engines: [], operations: [], timeline: [] }) }, 80, 24)
  assert.equal(lines[2], 'No engine yet. To connect one:')
  assert.match(lines.join('\n'), /aggregator\.connect\(0\)/)
})

test('a filter without matches is shown, with the key that removes it', () => {
  const filter = { window: '5m', operation: 'save_put', source: '2', status: 'error' } as const
  const lines = draw({ view: liveView({ filter, operations: [] }) }, 120, 24)
  assert.ok(
    lines.includes(
      '  nothing recorded in this window matches last 5 min · save_put · engine 2 · status error; a shows all',
    ),
    lines.join('\n'),
  )
})

test('recent rejections are red, with their time', () => {
  const recentRejections = new Map([['malformed', { count: 3, sinceMs: VIEW_MS - 180_000 }]])
  const view = liveView({ rejections: { malformed: 12, bounds: 3 }, recentRejections })
  const lines = drawPicture(picture({ view }), 80, 24, MARKED)
  const text = 'Payloads rejected 3 times since 14:02: malformed 3 times'
  assert.equal(lines.at(-2), `<r>! ${text}</r>`)
  const block = plainBlock(view, 'model', LIVE, CONTROLS, 80, PLAIN)
  assert.equal(block.at(-1), `! ${text}`)
  const earlier = plainBlock(
    { ...view, recentRejections: new Map() },
    'm',
    LIVE,
    CONTROLS,
    80,
    PLAIN,
  )
  assert.equal(earlier.at(-1), '  Payloads rejected so far: malformed 12, bounds 3')
})

test('rejected payloads, the log and the list of keys are shown', () => {
  const view = liveView({ rejections: { malformed: 12, bounds: 3 } })
  const lines = draw({ view, footer: ['14:05:00 info  serving'] }, 80, 24)
  assert.deepEqual(lines.slice(-3, -1), [
    '  Payloads rejected so far: malformed 12, bounds 3',
    '14:05:00 info  serving',
  ])
  const help = draw({ controls: { ...CONTROLS, isHelp: true } }, 80, 24)
  assert.match(help.join('\n'), / {2}w {2,}the next window: 1, 5 or 15 minutes\n/)
  assert.match(help.join('\n'), /a p99 above 10 ms and 3 ×/)
  const narrow = draw({ controls: { ...CONTROLS, isHelp: true } }, 60, 24).slice(1)
  assert.ok(!narrow.join('\n').includes('…'), 'all of the help fits a narrow terminal')
})

test('any names fit any screen, without a control character', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '日本語のエンジン',
      '👩‍👩‍👧‍👦 family',
      '\u001b[2J\u009b31m',
      'a\nb\tc',
      '\u202eabc',
      'é'.repeat(40),
    ),
  )
  fc.assert(
    fc.property(
      fc.array(names, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      (all, columns, rows, isHelp) => {
        const view = liveView({
          engines: all.map((name) => outlierRow(name, 10, 0.5)),
          operations: all.map((name) => operationRow(name, 10, 0.5)),
          filter: { window: '5m', operation: all[0], source: all[0], status: all[0] },
          rejections: Object.fromEntries(all.map((name) => [name, 1])),
        })
        const controls = { ...CONTROLS, isHelp, selected: all[0] }
        const lines = drawPicture(
          picture({ view, controls, modelName: all[0] }),
          columns,
          rows,
          PLAIN,
        )
        assert.equal(lines.length, rows)
        for (const line of lines) {
          assert.ok(columnsOf(line) <= columns, JSON.stringify(line))
          assert.doesNotMatch(line, /[\p{Cc}\u202e]/u)
        }
      },
    ),
    { seed: 11, numRuns: 100 },
  )
})
