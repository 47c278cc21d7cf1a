import { setImmediate as nextLoop, setTimeout as timeout } from 'node:timers/promises'
import { type NumberOption, requireNumber } from '../options.js'
import type { SharedBlockStore } from './block-store.js'
import type { LatencyModel } from './latency.js'
import { BLOCK_TOKENS, type StoreOperation, type StoreRequest } from './store-call.js'
import { createTally, type Tally } from './tally.js'
import { type Trace, traceRequests } from './trace.js'
import { generateTraffic, type TrafficOptions } from './traffic.js'
import { type OperationSink, replayRequest, replayRequestPaced, type Workload } from './workload.js'

/** Where an engine's requests come from; it can be posted to a thread as it is. */
export type RequestSource =
  | { readonly kind: 'trace'; readonly trace: Trace }
  | { readonly kind: 'traffic'; readonly seed: number; readonly options?: TrafficOptions }

/** The time an engine goes by; replaced in tests. */
export interface EngineClock {
  /** Milliseconds since any moment, never falling. */
  nowMs(): number
  /** Resolves after so many milliseconds, and not before timers and messages had their turn. */
  sleepMs(durationMs: number): Promise<void>
}

/** What one synthetic engine needs. */
export interface EngineOptions {
  /** Its index, 0 to `engines` - 1. */
  readonly engine: number
  /** How many engines share the trace or the block ids. */
  readonly engines: number
  readonly source: RequestSource
  readonly store: SharedBlockStore
  readonly latency: LatencyModel
  /** Takes the rows, per operation. */
  readonly sinks: Readonly<Record<StoreOperation, OperationSink>>
  /** Bytes of a full block; 0 or more. */
  readonly bytesPerBlock: number
  /** How many times faster than the requests' own time; `max` does not wait at all. */
  readonly speed: number | 'max'
  /** Seconds of the clock after which it ends, whatever is left; 0 for no such end. */
  readonly durationSeconds: number
  /** Asked at least every 100 ms, and every 64 requests where it never waits. */
  readonly stopRequested: () => boolean
  readonly clock?: EngineClock
}

/** Requests between two looks at the event loop where nothing waits; about a millisecond. */
const REQUESTS_PER_LOOK = 64
/** Longest wait between two looks at whether to stop. */
const LOOK_MS = 100
/** Requests of one engine under way at a time; further ones arrive late. */
const IN_FLIGHT_MAX = 64
/** A timer takes a millisecond at least; shorter sleeps only let the event loop turn. */
const TIMER_MS_MIN = 1

const ENGINES: NumberOption = { fallback: 1, min: 1, max: 65_536, integer: true }
const BYTES_PER_BLOCK: NumberOption = { fallback: 0, min: 0, max: 2 ** 40, integer: true }
const SPEED: NumberOption = { fallback: 1, min: 1e-6, max: 1e9 }
const DURATION_SECONDS: NumberOption = { fallback: 0, min: 0, max: 1e9 }

const SYSTEM_CLOCK: EngineClock = {
  nowMs: () => performance.now(),
  sleepMs: (durationMs) => (durationMs < TIMER_MS_MIN ? nextLoop() : timeout(durationMs)),
}

/**
 * Runs one synthetic engine to its end, and returns what it did.
 *
 * It ends when asked to, when its duration is over or when the trace has no more requests for it,
 * even if that is before the duration is over; made-up traffic has no end. At a finite speed a
 * request starts when its time has come, however many are under way (up to 64), and takes the
 * modelled time. When asked to end, or at the end of the duration, calls under way are given up and
 * not recorded; at the end of a trace they are finished.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an option out of range, before anything is recorded.
 */
export async function runEngine(options: EngineOptions): Promise<Tally> {
  const { source, speed, durationSeconds, stopRequested, clock = SYSTEM_CLOCK } = options
  checkOptions(options)
  const workload = {
    store: options.store,
    latency: options.latency,
    sinks: options.sinks,
    tally: createTally(),
    blockTokens: blockTokensOf(source),
    bytesPerBlock: options.bytesPerBlock,
  }
  const startMs = clock.nowMs()
  const endMs = durationSeconds === 0 ? Number.POSITIVE_INFINITY : startMs + durationSeconds * 1000
  const isOver = () => stopRequested() || clock.nowMs() >= endMs
  const requests = requestsOf(options)
  if (speed === 'max') await runFlatOut(workload, requests, clock, isOver)
  else await runPaced(workload, requests, { clock, startMs, speed, isOver })
  return workload.tally
}

async function runFlatOut(
  workload: Workload,
  requests: Iterator<StoreRequest>,
  clock: EngineClock,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    for (let taken = 0; taken < REQUESTS_PER_LOOK; taken++) {
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
  readonly isOver: () => boolean
}

async function runPaced(
  workload: Workload,
  requests: Iterator<StoreRequest>,
  pace: Pace,
): Promise<void> {
  const { clock, startMs, speed } = pace
  const inFlight = new Set<Promise<void>>()
  const failures: unknown[] = []
  const pause = (seconds: number) => sleepUntil(pace, clock.nowMs() + (seconds * 1000) / speed)
  for (let taken = 1; failures.length === 0; taken++) {
    const next = requests.next()
    if (next.done) break
    // Where all is late, or the speed leaves no time to sleep, this alone lets messages in.
    if (taken % REQUESTS_PER_LOOK === 0) await clock.sleepMs(0)
    if (!(await sleepUntil(pace, startMs + next.value.timestampMs / speed))) break
    // A rejection is kept for the end: nobody may be waiting for it when it happens.
    const request = replayRequestPaced(workload, next.value, pause)
      .catch((error: unknown) => failures.push(error))
      .then(() => void inFlight.delete(request))
    inFlight.add(request)
    if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  if (failures.length > 0) throw failures[0]
}

/** Waits for the moment, looking now and then whether all is over; false where it is. */
async function sleepUntil({ clock, isOver }: Pace, dueMs: number): Promise<boolean> {
  for (;;) {
    if (isOver()) return false
    const restMs = dueMs - clock.nowMs()
    if (restMs <= 0) return true
    await clock.sleepMs(Math.min(restMs, LOOK_MS))
  }
}

function requestsOf({ source, engine, engines }: EngineOptions): Iterator<StoreRequest> {
  if (source.kind === 'trace') return traceRequests(source.trace, engine, engines)
  return generateTraffic(source.seed, engine, engines, source.options)
}

function blockTokensOf(source: RequestSource): number {
  if (source.kind === 'trace') return source.trace.blockTokens
  return source.options?.blockTokens ?? BLOCK_TOKENS.fallback
}

function checkOptions(options: EngineOptions): void {
  const { engine, engines, bytesPerBlock, speed, durationSeconds } = options
  requireNumber('engines', ENGINES, engines)
  requireNumber('engine', { ...ENGINES, min: 0, max: engines - 1 }, engine)
  requireNumber('bytesPerBlock', BYTES_PER_BLOCK, bytesPerBlock)
  requireNumber('durationSeconds', DURATION_SECONDS, durationSeconds)
  if (speed !== 'max') requireNumber('speed', SPEED, speed)
}
