import type { Logger } from 'pino'
import type { EngineAggregator } from '../engine-aggregator.js'
import type { EngineOutcome } from '../pool/engine-outcome.js'
import type { EnginePool } from '../pool/engine-pool.js'
import { stopOnSignals } from './signals.js'
import type { Terminal } from './terminal.js'
import { countOf, formatInteger } from './units.js'

const MS_PER_SECOND = 1e3
const BEGIN_POLL_MS = 10
const STATUS_TERMINAL_MS = 500
const STATUS_LINES_MS = 10_000
/** The status reads the memory of all engines; at most this share of the time goes into it. */
const STATUS_SHARE_MAX = 0.1

/** A run of a pool of synthetic engines. */
export interface PoolRun {
  readonly pool: EnginePool
  /** An int32 that becomes 1 when the first engine begins. */
  readonly begun: SharedArrayBuffer
  /** Seconds from then until the engines are stopped; 0 for no limit. */
  readonly duration: number
  readonly aggregator: EngineAggregator
  readonly terminal: Terminal
  readonly logger: Logger
  /** The base URL of the server. */
  readonly url: string
}

/**
 * Runs a pool until its engines end, the duration is over or a signal stops it, and shows a status
 * line meanwhile.
 */
export async function runPool(
  run: PoolRun,
): Promise<{ readonly outcomes: readonly EngineOutcome[]; readonly wallSeconds: number }> {
  const { pool, begun, duration, aggregator, terminal, logger, url } = run
  const startMs = performance.now()
  const elapsedSeconds = () => (performance.now() - startMs) / MS_PER_SECOND
  const showStatus = () => {
    const seconds = elapsedSeconds()
    const { rows } = aggregator.snapshot()
    const engines = countOf(aggregator.engines.length, 'engine')
    const rate = `${formatInteger(rows / seconds)} per second`
    terminal.status(`${seconds.toFixed(1)} s  ${engines}  ${formatInteger(rows)} rows (${rate})`)
  }
  const statusMs = terminal.rewrites ? STATUS_TERMINAL_MS : STATUS_LINES_MS
  let status = setTimeout(updateStatus, statusMs)
  function updateStatus() {
    const startedMs = performance.now()
    showStatus()
    const tookMs = performance.now() - startedMs
    status = setTimeout(updateStatus, Math.max(statusMs, tookMs / STATUS_SHARE_MAX))
  }
  const removeSignalHandlers = stopOnSignals((signal) => {
    logger.info(`${signal}: stopping; a second one exits at once`)
    void pool.stop()
  })
  // Polled, since threads take a while to start and their engines begin on them.
  let end = setInterval(() => {
    if (duration === 0 || Atomics.load(new Int32Array(begun), 0) === 0) return
    clearInterval(end)
    end = setTimeout(() => void pool.stop(), duration * MS_PER_SECOND)
  }, BEGIN_POLL_MS)
  try {
    // Logged only now, since a reader of this line may send a signal.
    logger.info(`serving ${url}/metrics`)
    const outcomes = await pool.run()
    const wallSeconds = elapsedSeconds()
    await pool.stop()
    return { outcomes, wallSeconds }
  } finally {
    removeSignalHandlers()
    clearTimeout(status)
    clearTimeout(end)
    terminal.status('')
  }
}
