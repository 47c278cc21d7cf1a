import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ruleFile } from '../../src/rules/rule-file.js'
import { freePort } from '../../test/support/processes/free-port.js'

const COMMAND = 'prometheus'
const LOOK_MS = 1_000
const MS_PER_SECOND = 1e3
/** Scrapes before the figures are read: the first one creates the series. */
const SCRAPES = 3
/** Scrapes that may fail or be late. */
const SCRAPES_SPARE = 4

/** Metrics of a Prometheus after some scrapes of one target. */
export interface PrometheusFigures {
  readonly scrapeSeconds: number
  readonly samples: number
  readonly series: number
  readonly residentBytes: number
  /** Processor seconds a second, from the first scrape to the last. */
  readonly cpu: number
  /** Of the last evaluation of `moonmeter rules --honor-labels --roll-up`. */
  readonly rulesSeconds: number
}

/** The options of a Prometheus. */
export interface PrometheusPlan {
  readonly intervalSeconds: number
  readonly native: boolean
  /** It is stopped if it uses more. */
  readonly residentBytesMax: number
  /** Called each second. */
  readonly onLook: () => void
}

/**
 * Scrapes a server with a separate Prometheus.
 *
 * @returns undefined if it used too much memory, or its scrapes failed
 */
export async function scrapeByPrometheus(
  url: string,
  { intervalSeconds, native, residentBytesMax, onLook }: PrometheusPlan,
): Promise<PrometheusFigures | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'moonmeter-scale-'))
  const own = `127.0.0.1:${await freePort()}`
  const interval = `${intervalSeconds}s`
  writeFileSync(join(directory, 'rules.yml'), ruleFile({ rollUp: true, honorLabels: true }))
  writeFileSync(
    join(directory, 'prometheus.yml'),
    JSON.stringify({
      global: {
        scrape_interval: interval,
        scrape_timeout: interval,
        evaluation_interval: interval,
      },
      rule_files: ['rules.yml'],
      scrape_configs: [
        {
          job_name: 'fleet',
          honor_labels: true,
          static_configs: [{ targets: [new URL(url).host] }],
          // Series of OpenMetrics, which Prometheus requests: a fifth of all series, and no rule
          // reads them.
          metric_relabel_configs: [
            { source_labels: ['__name__'], regex: '.+_created', action: 'drop' },
          ],
        },
      ],
    }),
  )
  const args = [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=${own}`,
    ...(native ? ['--enable-feature=native-histograms'] : []),
  ]
  const child = spawn(COMMAND, args, { stdio: 'ignore' })
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit).once('SIGTERM', () => process.exit(1))
  try {
    await readySoon(child, own)
    return await figuresOf(own, { intervalSeconds, residentBytesMax, onLook })
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    process.off('exit', onExit)
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readySoon(child: ChildProcess, own: string): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`http://${own}/-/ready`).catch(() => undefined)
    if (answer?.ok === true) return
    await sleep(LOOK_MS / 10)
  }
  throw new Error(`scale: prometheus ended with ${child.exitCode}`)
}

async function figuresOf(
  own: string,
  { intervalSeconds, residentBytesMax, onLook }: Omit<PrometheusPlan, 'native'>,
): Promise<PrometheusFigures | undefined> {
  const start = { cpu: Number.NaN, ms: 0 }
  const endMs = performance.now() + (SCRAPES + SCRAPES_SPARE) * intervalSeconds * MS_PER_SECOND
  while (performance.now() < endMs) {
    await sleep(LOOK_MS)
    onLook()
    const metrics = await ownMetrics(own)
    const residentBytes = metrics('process_resident_memory_bytes')
    if (residentBytes > residentBytesMax) return undefined
    const cpu = metrics('process_cpu_seconds_total')
    const scrapes = await query(own, 'sum_over_time(up[1h])')
    if (scrapes >= 1 && start.ms === 0) Object.assign(start, { cpu, ms: performance.now() })
    if (scrapes < SCRAPES) continue
    return {
      scrapeSeconds: await query(own, 'scrape_duration_seconds'),
      samples: await query(own, 'scrape_samples_scraped'),
      series: metrics('prometheus_tsdb_head_series'),
      residentBytes,
      cpu: ((cpu - start.cpu) / (performance.now() - start.ms)) * MS_PER_SECOND,
      rulesSeconds: metrics('prometheus_rule_group_last_duration_seconds'),
    }
  }
  return undefined
}

async function query(own: string, expression: string): Promise<number> {
  const response = await fetch(`http://${own}/api/v1/query?query=${encodeURIComponent(expression)}`)
  const { data } = (await response.json()) as {
    data: { result: readonly { value: readonly [number, string] }[] }
  }
  return Number(data.result[0]?.value[1] ?? 0)
}

/** Looks up its own metrics by name; NaN for a missing one. */
async function ownMetrics(own: string): Promise<(name: string) => number> {
  const text = await (await fetch(`http://${own}/metrics`)).text()
  return (name) => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1])
}
