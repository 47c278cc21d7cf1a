import type { Fault } from './fault.js'
import type { StoreOperation } from './store-call.js'

/** A fault that a simulation plays after a time without faults. */
export interface Scenario {
  /** A description of at most {@link SUMMARY_LENGTH_MAX} characters. */
  readonly summary: string
  /** The engines with the fault; `last` is the one with the highest index. */
  readonly engines: 'all' | 'last' | 'none'
  /** The announcement of the fault; `{engine}` is replaced by the last engine's index. */
  readonly begins: string
  /** The announcement of the recovery, with the same replacement. */
  readonly ends: string
  readonly fault: Fault
  /** Payloads per second that the aggregator rejects; default 0. */
  readonly badPayloadsPerSecond?: number
  /** Default length of the fault in seconds; without one it lasts until the end of the run. */
  readonly faultSeconds?: number
}

/** Longest {@link Scenario.summary}: after the longest name, it fits a terminal of 60 columns. */
export const SUMMARY_LENGTH_MAX = 39

/** Default seconds before the fault: a third of the default run shows the state before it. */
export const SCENARIO_AFTER_SECONDS = 10

/** Length of an error burst in seconds. */
export const BURST_SECONDS = 20

const NETWORK_FACTOR = 5
const ENGINE_FACTOR = 12
const BURST = { rate: 0.3, meanBurstCalls: 10, wholeCallShare: 0.5 }
/** Most puts fail. With this share of whole calls, both statuses occur within seconds. */
const FULL_PUTS = { rate: 0.95, meanBurstCalls: 20, wholeCallShare: 0.4 }
/** A full store evicts blocks between a lookup and its get. */
const FULL_GETS = { rate: 0.3, meanBurstCalls: 3, wholeCallShare: 0.1 }
const CRASH_AFTER_SECONDS = 1

/** The scenarios by name. */
export const SCENARIOS = {
  'slow-network': {
    summary: `all gets and puts take ${NETWORK_FACTOR} times as long`,
    engines: 'all',
    begins: `gets and puts are ${NETWORK_FACTOR} times slower from now on`,
    ends: 'gets and puts are as fast as before',
    fault: { slowdown: { load_get: NETWORK_FACTOR, save_put: NETWORK_FACTOR } },
  },
  'slow-engine': {
    summary: `the last engine is ${ENGINE_FACTOR} times slower`,
    engines: 'last',
    begins: `engine {engine} is ${ENGINE_FACTOR} times slower from now on`,
    ends: 'engine {engine} is as fast as before',
    fault: { slowdown: forAllOperations(ENGINE_FACTOR) },
  },
  'error-burst': {
    summary: `${100 * BURST.rate} % of all calls fail, for ${BURST_SECONDS} s`,
    engines: 'all',
    begins: `${100 * BURST.rate} % of the calls of all engines fail from now on`,
    ends: 'no more calls fail than before',
    fault: { failures: forAllOperations(BURST) },
    faultSeconds: BURST_SECONDS,
  },
  'store-full': {
    summary: 'puts fail, and gets miss keys',
    engines: 'all',
    begins: 'the store is full: puts fail and gets miss keys from now on',
    ends: 'the store has space again',
    fault: { isStoreFull: true, failures: { save_put: FULL_PUTS, load_get: FULL_GETS } },
  },
  'crash-loop': {
    summary: 'the last engine crashes repeatedly',
    engines: 'last',
    begins: `engine {engine} crashes ${CRASH_AFTER_SECONDS} s after each start from now on`,
    ends: 'engine {engine} no longer crashes',
    fault: { crashAfterSeconds: CRASH_AFTER_SECONDS },
  },
  'silent-engine': {
    summary: 'the last engine hangs: no reports',
    engines: 'last',
    begins: 'engine {engine} hangs from now on',
    ends: 'engine {engine} no longer hangs',
    fault: { hangs: true },
  },
  'rejected-payloads': {
    summary: 'truncated payloads arrive',
    engines: 'none',
    begins: 'a truncated payload arrives each second from now on',
    ends: 'no further truncated payloads arrive',
    fault: {},
    badPayloadsPerSecond: 1,
  },
  'series-limit': {
    summary: 'ever more operation names',
    engines: 'last',
    begins: 'engine {engine} records each lookup under a new operation name, too, from now on',
    ends: 'engine {engine} records no further operation names',
    fault: { floodsNames: true },
  },
} as const satisfies Record<string, Scenario>

/** The name of a scenario. */
export type ScenarioName = keyof typeof SCENARIOS

/** The names of all scenarios. */
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[]

/** A scenario by its name. */
export function scenarioNamed(name: ScenarioName): Scenario {
  return SCENARIOS[name]
}

/** Whether an engine has the fault of a scenario. */
export function isAffected(scenario: Scenario, engine: number, engines: number): boolean {
  return scenario.engines === 'all' || (scenario.engines === 'last' && engine === engines - 1)
}

/**
 * Whether the engine with the fault needs a separate thread and pool: a hang would block other
 * engines of the thread, and a crash loop needs a pool without a limit on restarts.
 */
export function needsOwnThread({ fault }: Scenario): boolean {
  return fault.hangs === true || fault.crashAfterSeconds !== undefined
}

function forAllOperations<Value>(value: Value): Readonly<Record<StoreOperation, Value>> {
  return { lookup_exists: value, load_get: value, save_exists: value, save_put: value }
}
