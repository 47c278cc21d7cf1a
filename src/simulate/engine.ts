import { setTimeout as sleep, setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { createTally, type StoreRequest, type Tally } from './store-call.js'
import { type Trace, traceRequests } from './trace.js'
import { generateTraffic, type TrafficOptions } from './traffic.js'
import { replayRequest, replayRequestPaced, type Workload } from './workload.js'

/** The source of an engine's requests; it can be posted to a thread. */
export type RequestSource =
  | { readonly kind: 'trace'; readonly trace: Trace }
  | { readonly kind: 'traffic'; readonly traffic: TrafficOptions }

/** The clock of an engine; tests replace it. */
export interface EngineClock {
  /** A monotonic time in milliseconds. */
  nowMs(): number
  /** Resolves after the milliseconds, and at the earliest in the next turn of the event loop. */
  sleepMs(durationMs: number): Promise<void>
}

/** Options of {@link runEngine}. */
export interface EngineOptions extends Omit<Workload, 'tally' | 'blockTokens'> {
  /** The engine's index, 0 to `engines` - 1. */
  readonly engine: number
  /** Number of engines that share the trace or the block ids. */
  readonly engines: number
  readonly source: RequestSource
  /** Factor by which requests arrive faster than their timestamps; `max` does not wait at all. */
  readonly speed: number | 'max'
  /** Concurrent requests, at least 1; further ones arrive late. Default 64. */
  readonly inFlightMax?: number
  /** Called at least every 100 ms, and every 64 requests at speed `max`. */
  readonly stopRequested: () => boolean
  readonly clock?: EngineClock
}

/** Requests after which an engine yields to the event loop; they take about a millisecond. */
const REQUESTS_PER_YIELD = 64
/** Maximum milliseconds of a sleep between checks for a stop request. */
const CHECK_MS = 100
const IN_FLIGHT_MAX = 64
/** Timers take at least a millisecond; shorter sleeps only yield to the event loop. */
const TIMER_MS_MIN = 1

const SYSTEM_CLOCK: EngineClock = {
  nowMs: () => performance.now(),
  sleepMs: (durationMs) => (durationMs < TIMER_MS_MIN ? yieldToEventLoop() : sleep(durationMs)),
}

/**
 * Runs one synthetic engine and returns the tally of its calls.
 *
 * It ends when `stopRequested` returns true, or at the end of the trace; generated traffic does not
 * end. At a finite speed a request starts at its arrival and takes the modelled time, and up to
 * `inFlightMax` are in flight. Calls in flight are finished at the end of a trace; otherwise they are
 * dropped and not recorded.
 */
export async function runEngine(options: EngineOptions): Promise<Tally> {
  const { engine, engines, source, speed, stopRequested } = options
  const { clock = SYSTEM_CLOCK, inFlightMax = IN_FLIGHT_MAX } = options
  const { blockTokens } = source.kind === 'trace' ? source.trace : source.traffic
  const workload = { ...options, tally: createTally(), blockTokens }
  const requests: Iterator<StoreRequest> =
    source.kind === 'trace'
      ? traceRequests(source.trace, engine, engines)
      : generateTraffic(engine, engines, source.traffic)
  const startMs = clock.nowMs()
  if (speed === 'max') await runUnpaced(workload, requests, clock, stopRequested)
  else await runPaced(workload, requests, { clock, startMs, speed, inFlightMax, stopRequested })
  return workload.tally
}

async function runUnpaced(
  workload: Workload,
  requests: Iterator<StoreRequest>,
  clock: EngineClock,
  stopRequested: () => boolean,
): Promise<void> {
  while (!stopRequested()) {
    for (let taken = 0; taken < REQUESTS_PER_YIELD; taken++) {
      const next = requests.next()
      if (next.done) return
      replayRequest(workload, next.value)
    }
    await clock.sleepMs(0)
  }
}

interface Pace {
  readonly clock: EngineClock
  readonly startMs: number
  readonly speed: number
  readonly inFlightMax: number
  readonly stopRequested: () => boolean
}

async function runPaced(
  workload: Workload,
  requests: Iterator<StoreRequest>,
  pace: Pace,
): Promise<void> {
  const { clock, startMs, speed } = pace
  const failures: unknown[] = []
  let inFlight = 0
  // Not `Promise.race`, which would add a reaction to each request in flight for each further
  // request.
  let wake = () => {}
  const finish = () => {
    inFlight--
    wake()
  }
  const finished = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  const pause = (seconds: number) => sleepUntil(pace, clock.nowMs() + (seconds * 1000) / speed)
  for (let taken = 1; failures.length === 0; taken++) {
    const next = requests.next()
    if (next.done) break
    // Late requests do not sleep, so the loop yields here.
    if (taken % REQUESTS_PER_YIELD === 0) await clock.sleepMs(0)
    if (!(await sleepUntil(pace, startMs + next.value.timestampMs / speed))) break
    // A rejection is stored for the end, since nothing may await the promise when it rejects.
    inFlight++
    void replayRequestPaced(workload, next.value, pause)
      .catch((error: unknown) => failures.push(error))
      .then(finish)
    if (inFlight >= pace.inFlightMax) await finished()
  }
  while (inFlight > 0) await finished()
  if (failures.length > 0) throw failures[0]
}

/** Sleeps until a time; resolves to false earlier if the engine should stop. */
async function sleepUntil({ clock, stopRequested }: Pace, dueMs: number): Promise<boolean> {
  for (;;) {
    if (stopRequested()) return false
    const restMs = dueMs - clock.nowMs()
    if (restMs <= 0) return true
    await clock.sleepMs(Math.min(restMs, CHECK_MS))
  }
}
