import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isOnPath } from '../../test/support/processes/on-path.js'
import { describeMachine, machineText } from '../harness/machine.js'
import { markdownTable } from '../harness/markdown.js'
import { formatNumber } from '../harness/number-text.js'
import { ROOT } from '../harness/root.js'
import type { ScaleFigures } from './measure.js'

// Measures fleets of several sizes: `main.js [--engines N,…] [--modes classic,native] [--write]`.
const MEASURE = fileURLToPath(new URL('./measure.js', import.meta.url))
/** Of one size; a Prometheus scrapes seven times at most, each minute. */
const MEASURE_MS_MAX = 1_800_000
const HEAP_MB_MAX = 8_192
const BYTES_PER_MB = 1e6
const BYTES_PER_KB = 1e3

const { values } = parseArgs({
  options: {
    engines: { type: 'string', default: '10,100,1000,10000' },
    modes: { type: 'string', default: 'classic,native' },
    /** Prometheus is stopped if it uses more; 0 runs none. */
    'prometheus-gb': { type: 'string', default: '14' },
    write: { type: 'boolean', default: false },
  },
})
const residentMax = isOnPath('prometheus') ? Number(values['prometheus-gb']) * 1e9 : 0
const figures: ScaleFigures[] = []
for (const mode of values.modes.split(',')) {
  for (const engines of values.engines.split(',')) {
    process.stdout.write(`${engines} engines, ${mode} histograms\n`)
    figures.push(await measure(engines, mode, residentMax))
  }
}
const text = report(figures)
process.stdout.write(`\n${text}`)
if (values.write) {
  const file = join(ROOT, 'benchmarks/results/scale.md')
  writeFileSync(file, text)
  process.stdout.write(`wrote ${file}\n`)
}

function measure(engines: string, mode: string, residentBytes: number): Promise<ScaleFigures> {
  const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MB_MAX}`]
  const args = [...flags, MEASURE, engines, mode, String(residentBytes)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: MEASURE_MS_MAX }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout))
      else reject(new Error(`${engines} ${mode}: ${error.message}\n${stderr}`))
    })
  })
}

function report(all: readonly ScaleFigures[]): string {
  const mb = (bytes: number) => formatNumber(bytes / BYTES_PER_MB)
  const kb = (bytes: number) => formatNumber(bytes / BYTES_PER_KB)
  const n = formatNumber
  const nameOf = ({ engines, native }: ScaleFigures) =>
    `${engines.toLocaleString('en')}, ${native ? 'native' : 'classic'}`
  const aggregator = all.map((one) => [
    nameOf(one),
    n(one.syncMs),
    n(one.reportsMs),
    kb(one.bytesPerEngine),
    mb(one.residentBytes),
  ])
  const scrapes = all.map((one) => {
    const { text, gzip, protobuf } = one.scrapes
    return [
      nameOf(one),
      ...[mb(text.bytes), mb(gzip.bytes), mb(protobuf.bytes)],
      ...[n(text.firstMs), n(gzip.ms), n(gzip.cpuMs), n(protobuf.ms), n(protobuf.cpuMs)],
    ]
  })
  const servers = all.map((one) => {
    const { prometheus } = one
    if (prometheus === undefined) return [nameOf(one), ...Array<string>(6).fill('–')]
    const { samples, series, scrapeSeconds, residentBytes, cpu, rulesSeconds } = prometheus
    return [
      nameOf(one),
      n(samples),
      n(series),
      n(scrapeSeconds),
      n(rulesSeconds),
      mb(residentBytes),
      n(cpu),
    ]
  })
  return [
    '# Fleets by their size',
    'Engines of 12 series that report to one aggregator, without threads and without a NATS server:\n' +
      'the entries of the bucket are made in the process. Written by\n' +
      '`node dist/benchmarks/scale/main.js --write`; single runs, on a machine that others may use.',
    `${machineText(describeMachine())}`,
    '## The aggregator',
    markdownTable(
      ['engines', 'start, CPU ms', 'a report of each, CPU ms', 'kB an engine', 'resident, MB'],
      aggregator,
    ),
    '## Scrapes',
    'The first one makes the lines that later ones change. `CPU` is that of the main thread.',
    markdownTable(
      [
        ...['engines', 'text, MB', 'text gzip, MB', 'protobuf gzip, MB', 'first, ms'],
        ...['text gzip, ms', 'CPU, ms', 'protobuf gzip, ms', 'CPU, ms'],
      ],
      scrapes,
    ),
    '## Prometheus',
    'What it says of itself after three scrapes: each 5 s up to 100 engines, 30 s up to 1,000, and 90 s\n' +
      'beyond. It asks for OpenMetrics, or for protobuf where it takes native histograms; `_created` is\n' +
      'dropped. Rules are those of `moonmeter rules --honor-labels --roll-up`.',
    markdownTable(
      [
        ...['engines', 'samples of a scrape', 'series', 'scrape, s', 'rules, s'],
        ...['resident, MB', 'CPU s a second'],
      ],
      servers,
    ),
    '',
  ].join('\n\n')
}
