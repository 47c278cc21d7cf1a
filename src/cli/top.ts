import { MoonmeterError } from '../errors.js'
import { LiveClient } from '../live/live-client.js'
import type { LiveState } from '../live/live-message.js'
import { type LiveView, ViewBuilder } from '../live/live-view.js'
import { type Condition, conditionOf } from './screen/condition.js'
import { CONTROLS, type Controls } from './screen/controls.js'
import { LiveScreen } from './screen/live-screen.js'
import { plainBlock } from './screen/plain-block.js'
import { styleOf } from './screen/style.js'
import { printable } from '../live/printable.js'
import { authorizationOf, streamUrl } from './server-address.js'
import { ServerError } from './server-error.js'
import { stopOnSignals } from './signals.js'
import { canRewrite, widthOfOutput } from './terminal.js'
import type { TopOptions } from './top-command.js'

const MS_PER_SECOND = 1_000
/** Tolerance in milliseconds, since a timer may fire early. */
const EVERY_SLACK_MS = 100
/** Maximum number of names in the error for an unknown name. */
const CHOICES_MAX = 20

/**
 * Shows the stream of a server until a key or a signal ends it: as a screen on a terminal,
 * otherwise as a block of lines at intervals.
 *
 * @throws MoonmeterError `INVALID_OPTION`, `FILE_FAILED`
 * @throws ServerError when the server does not send its stream
 */
export async function runTop(base: string, options: TopOptions): Promise<void> {
  const url = streamUrl(base)
  const authorization = await authorizationOf(options)
  const controls: Controls = {
    ...CONTROLS,
    filter: {
      window: options.window,
      operation: options.operation,
      source: options.engine,
      status: options.status,
    },
    sort: options.sort,
  }
  const isScreen = canRewrite(process.stdout) && !options.once
  const { promise: ended, resolve: end, reject: fail } = withResolvers()
  let show = () => {}
  const onChange = () => {
    const failure = failureOf(client, url, isScreen)
    if (failure !== undefined) fail(failure)
    else show()
  }
  const client = new LiveClient({ url, authorization, onChange })
  const removeSignalHandlers = stopOnSignals(() => end())
  let close = () => {}
  try {
    if (isScreen) {
      const screen = openScreen(client, url, controls, end)
      show = () => screen.draw()
      close = () => screen.close()
    } else {
      show = printer(client, controls, options, end, fail)
      // An interval without an update also gets a line.
      const timer = setInterval(() => show(), MS_PER_SECOND)
      close = () => clearInterval(timer)
    }
    client.connect()
    await ended
  } finally {
    close()
    client.close()
    removeSignalHandlers()
  }
}

function openScreen(
  client: LiveClient,
  url: string,
  controls: Controls,
  onQuit: () => void,
): LiveScreen {
  const { stdin, stdout } = process
  let wasLost = false
  return new LiveScreen({
    title: () => 'moonmeter',
    data: client,
    controls,
    output: stdout,
    input: stdin.isTTY ? stdin : undefined,
    waiting: () => {
      // The message stays during further attempts to connect.
      wasLost ||= client.connection.state === 'lost'
      return wasLost
        ? [
            `No moonmeter answers at ${url}`,
            '',
            "  'moonmeter simulate --duration 0' starts one with synthetic engines;",
            "  'moonmeter top URL' shows another server.",
          ]
        : [`Connecting to ${url}`]
    },
    onQuit,
  })
}

/** Returns a function that prints a block when the last one is old enough. */
function printer(
  client: LiveClient,
  controls: Controls,
  { every, once }: TopOptions,
  end: () => void,
  fail: (error: Error) => void,
): () => void {
  const style = styleOf(process.stdout)
  let builder: ViewBuilder | undefined
  let bounds: readonly number[] | undefined
  let printedAtMs = Number.NEGATIVE_INFINITY
  let printed: LiveState | undefined
  const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n\n`)
  return () => {
    const nowMs = performance.now()
    const { hello, state, history } = client
    if (hello === undefined || state === undefined) return
    if (nowMs - printedAtMs < every * MS_PER_SECOND - EVERY_SLACK_MS) return
    const condition = conditionOf(client, false, nowMs)
    // Waits for an update that is slightly late.
    if (state === printed && condition.kind === 'live') return
    const { intervals } = history
    // The first update of a server that has just started has no figures.
    if (intervals.length === 0 && state.engines.length > 0) return
    if (builder === undefined || bounds !== hello.bounds) {
      bounds = hello.bounds
      builder = new ViewBuilder(hello.bounds, controls.filter)
    }
    const view = builder.build(intervals, state)
    printedAtMs = nowMs
    printed = state
    const wrong = once ? wrongFilter(view) : undefined
    if (wrong !== undefined) {
      fail(wrong)
      return
    }
    print(
      condition.kind === 'live'
        ? plainBlock(
            view,
            hello.modelName,
            condition,
            controls,
            widthOfOutput(process.stdout),
            style,
          )
        : [staleLine(condition)],
    )
    if (once) end()
  }
}

function staleLine({ word, message }: Condition): string {
  const why = message === undefined ? '' : `: ${printable(message)}`
  return `${new Date().toISOString()} · ${word}${why}`
}

/** The error for a filter that matches nothing; on a screen, an engine may still appear later. */
function wrongFilter({ filter, choices }: LiveView): MoonmeterError | undefined {
  const checked = [
    ['--operation', filter.operation, choices.operations],
    ['--engine', filter.source, choices.sources],
    ['--status', filter.status, choices.statuses],
  ] as const
  for (const [option, value, known] of checked) {
    if (value === undefined || known.includes(value)) continue
    const names = known.slice(0, CHOICES_MAX).map(printable).join(', ')
    return new MoonmeterError(
      'INVALID_OPTION',
      `${option}: expected one of ${names || 'those recorded, which are none yet'}, got '${value}'`,
    )
  }
  return undefined
}

/** The error of a connection that no retry can establish; undefined otherwise. */
function failureOf(
  { connection, lastUpdateAtMs }: LiveClient,
  url: string,
  isScreen: boolean,
): ServerError | undefined {
  if (lastUpdateAtMs !== undefined) return undefined
  switch (connection.state) {
    case 'unauthorized': {
      const option = /^basic/i.test(connection.challenge) ? '--basic-auth-file' : '--token-file'
      return new ServerError(
        `${url}: expected valid credentials, got none or others; give ${option} FILE with those ` +
          'that the server was started with',
      )
    }
    case 'refused':
      return new ServerError(
        `${url}: ${printable(connection.reason)}; give the base URL of another server: one that ` +
          'serves `dashboardHandler`, or `moonmeter simulate` or `serve`',
      )
    case 'lost':
      if (isScreen) return undefined
      return new ServerError(
        `${url}: expected an answer of a server, got ${printable(connection.reason)}; start it, or give ` +
          'its base URL',
      )
    default:
      return undefined
  }
}

/** Node 20 does not have `Promise.withResolvers`. */
function withResolvers() {
  let resolve = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<void>((onEnd, onFailure) => {
    resolve = onEnd
    reject = onFailure
  })
  return { promise, resolve, reject }
}
