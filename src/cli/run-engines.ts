import type { Logger } from 'pino'
import type { EngineAggregator } from '../engine-aggregator.js'
import type { LiveFeed } from '../live/live-feed.js'
import type { EngineOutcome } from '../pool/engine-outcome.js'
import type { EngineGroup } from './engine-group.js'
import { showProgress } from './progress.js'
import type { ScenarioRun } from './scenario-run.js'
import { stopOnSignals } from './signals.js'
import type { Terminal } from './terminal.js'

const MS_PER_SECOND = 1e3
const POLL_MS = 10

/** A run of synthetic engines. */
export interface EngineRun {
  readonly group: EngineGroup
  /** An int32 that becomes 1 when the first engine begins. */
  readonly begun: SharedArrayBuffer
  /** Seconds from the begin of the first engine until the engines are stopped; 0 for no limit. */
  readonly duration: number
  readonly scenario: ScenarioRun | undefined
  readonly aggregator: EngineAggregator
  /** The feed of the live page. */
  readonly feed: LiveFeed
  readonly engineCount: number
  readonly terminal: Terminal
  readonly logger: Logger
  /** The base URL of the server. */
  readonly url: string
}

/**
 * Runs engines until they end, the duration is over or a signal stops them, and shows the progress.
 */
export async function runEngines(
  run: EngineRun,
): Promise<{ readonly outcomes: readonly EngineOutcome[]; readonly wallSeconds: number }> {
  const { group, begun, duration, scenario, logger, url } = run
  const startMs = performance.now()
  const removeSignalHandlers = stopOnSignals((signal) => {
    logger.info(`${signal}: stopping; a second one exits at once`)
    void group.stop()
  })
  let end: NodeJS.Timeout | undefined
  // Polled, since threads take some time to start.
  const poll = setInterval(() => {
    if (Atomics.load(new Int32Array(begun), 0) === 0) return
    if (duration > 0) end ??= setTimeout(() => void group.stop(), duration * MS_PER_SECOND)
    if (scenario === undefined) clearInterval(poll)
    else scenario.update(performance.now())
  }, POLL_MS)
  let endProgress = () => {}
  try {
    endProgress = showProgress(run)
    // Logged after the signal handlers are installed, since a reader of this line may send a
    // signal.
    logger.info(`serving ${url}/ and /metrics`)
    const outcomes = await group.run()
    const wallSeconds = (performance.now() - startMs) / MS_PER_SECOND
    await group.stop()
    return { outcomes, wallSeconds }
  } finally {
    removeSignalHandlers()
    clearInterval(poll)
    clearTimeout(end)
    endProgress()
  }
}
