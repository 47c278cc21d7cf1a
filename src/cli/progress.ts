import { stripVTControlCharacters } from 'node:util'
import type { EngineAggregator } from '../engine-aggregator.js'
import type { LiveFeed } from '../live/live-feed.js'
import { followFeed } from './screen/live-data.js'
import { LiveScreen } from './screen/live-screen.js'
import { CONTROLS } from './screen/controls.js'
import { printable } from '../live/printable.js'
import { cutTo } from './screen/text.js'
import type { ScenarioRun } from './scenario-run.js'
import type { Terminal } from './terminal.js'
import { countOf, formatInteger } from './units.js'

const MS_PER_SECOND = 1e3
const STATUS_TERMINAL_MS = 500
const STATUS_LINES_MS = 10_000
/**
 * Maximum share of the time that the status line takes, since it reads the journals of all engines.
 */
const STATUS_SHARE_MAX = 0.1
/** Minimum size of a terminal for the screen; smaller ones have the status line. */
const SCREEN_COLUMNS_MIN = 60
const SCREEN_ROWS_MIN = 16
/**
 * Maximum number of engines for the screen. For more, its figures would take much of each second,
 * so the status line is shown.
 */
const SCREEN_ENGINES_MAX = 1_024
/** Number of log lines on the screen. */
const LOG_LINES = 2

/** The run to show. */
export interface ProgressRun {
  readonly aggregator: EngineAggregator
  /** The feed of the live page. */
  readonly feed: LiveFeed
  readonly engineCount: number
  readonly terminal: Terminal
  /** Duration of the run in seconds; 0 for no limit. */
  readonly duration: number
  readonly scenario: Pick<ScenarioRun, 'status'> | undefined
}

/**
 * Shows the progress of a run: all figures on the alternate screen of a terminal, or otherwise a
 * status line.
 *
 * @returns a function that ends the display
 */
export function showProgress(run: ProgressRun): () => void {
  const { stream } = run.terminal
  const { columns = 0, rows = 0 } = stream
  const hasScreen =
    run.terminal.rewrites &&
    columns >= SCREEN_COLUMNS_MIN &&
    rows >= SCREEN_ROWS_MIN &&
    run.engineCount <= SCREEN_ENGINES_MAX
  return hasScreen ? showScreen(run) : showStatus(run)
}

function showScreen({ feed, terminal, duration, scenario }: ProgressRun): () => void {
  const startMs = performance.now()
  const { stdin } = process
  const { data, end } = followFeed(feed, () => screen.draw())
  const screen = new LiveScreen({
    title: () => {
      const seconds = Math.floor((performance.now() - startMs) / MS_PER_SECOND)
      const limit = duration === 0 ? '' : ` of ${formatInteger(duration)}`
      const played = scenario === undefined ? '' : ` · ${scenario.status()}`
      return `moonmeter simulate · ${formatInteger(seconds)}${limit} s${played}`
    },
    data,
    // The default run takes 30 s, which is half of this window.
    controls: { ...CONTROLS, filter: { window: '1m' } },
    output: terminal.stream,
    input: stdin.isTTY ? stdin : undefined,
    waiting: () => ['Starting the engines'],
    footer: (width) =>
      terminal
        .heldLines(LOG_LINES)
        .map((line) => cutTo(printable(stripVTControlCharacters(line)), width)),
    // The screen reads Ctrl-C as a key, so the signal is sent here.
    onQuit: () => process.kill(process.pid, 'SIGINT'),
  })
  terminal.hold(() => screen.draw())
  const close = () => {
    process.off('exit', close)
    end()
    screen.close()
    terminal.release()
  }
  // A second signal or an exception ends the process immediately; the log must still be readable.
  process.on('exit', close)
  return close
}

function showStatus({ aggregator, terminal, scenario }: ProgressRun): () => void {
  const startMs = performance.now()
  const statusMs = terminal.rewrites ? STATUS_TERMINAL_MS : STATUS_LINES_MS
  let timer = setTimeout(update, statusMs)
  function update() {
    const startedMs = performance.now()
    const seconds = (startedMs - startMs) / MS_PER_SECOND
    const { rows } = aggregator.snapshot()
    const engines = countOf(aggregator.engines.length, 'engine')
    const rate = `${formatInteger(rows / seconds)} per second`
    const played = scenario === undefined ? '' : `  ${scenario.status()}`
    const counted = `${engines}  ${formatInteger(rows)} rows (${rate})`
    terminal.status(`${seconds.toFixed(1)} s  ${counted}${played}`)
    const tookMs = performance.now() - startedMs
    timer = setTimeout(update, Math.max(statusMs, tookMs / STATUS_SHARE_MAX))
  }
  return () => {
    clearTimeout(timer)
    terminal.status('')
  }
}
