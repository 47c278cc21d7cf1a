import type { Logger } from 'pino'
import type { ScenarioTask } from '../../workers/engine.js'
import type { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import {
  isAffected,
  needsOwnThread,
  SCENARIO_AFTER_SECONDS,
  type Scenario,
  scenarioNamed,
} from '../simulate/scenario.js'
import { SharedPhase } from '../simulate/scenario-phase.js'
import { ScenarioPlayer } from '../simulate/scenario-player.js'
import type { SimulationOptions } from './simulation-options.js'

/** The first byte of a MessagePack map, without its length. */
const TRUNCATED_PAYLOAD = Uint8Array.of(0xdf)
/** The instance of these payloads, which no engine of this process has. */
const BAD_INSTANCE = 'scenario'

/** A scenario in one run of `moonmeter simulate`. */
export interface ScenarioRun {
  /** The index of the engine that needs a separate thread. */
  readonly engineApart: number | undefined
  /** The part of the scenario for an engine; undefined if the engine is not affected. */
  taskOf(engine: number): ScenarioTask | undefined
  /** Starts the phase that is due; the first call starts the scenario. */
  update(nowMs: number): void
  /** The name and the phase, for the status line. */
  status(): string
}

/**
 * Prepares the scenario of the options; undefined without one.
 *
 * @throws MoonmeterError `INVALID_OPTION` for options of a scenario without one
 */
export function prepareScenario(
  options: SimulationOptions,
  aggregator: EngineAggregator,
  logger: Logger,
): ScenarioRun | undefined {
  const { scenario: name, engines, scenarioAfter, scenarioFor, duration } = options
  if (name === undefined) {
    if (scenarioAfter === undefined && scenarioFor === undefined) return undefined
    const given = scenarioAfter === undefined ? '--scenario-for' : '--scenario-after'
    throw new MoonmeterError('INVALID_OPTION', `${given}: expected --scenario, too, got none`)
  }
  const scenario: Scenario = scenarioNamed(name)
  const afterSeconds = scenarioAfter ?? SCENARIO_AFTER_SECONDS
  // 0 means a fault without an end.
  const faultSeconds = (scenarioFor ?? scenario.faultSeconds) || Number.POSITIVE_INFINITY
  if (duration > 0 && duration <= afterSeconds) {
    logger.warn(
      `scenario ${name}: expected the fault to begin within the run of ${duration} s, got a start after ` +
        `${afterSeconds} s; use a longer --duration, or a shorter --scenario-after`,
    )
  }
  const phase = new SharedPhase()
  const player = new ScenarioPlayer({
    scenario,
    timing: { afterSeconds, faultSeconds },
    phase,
    lastEngine: engines - 1,
    announce: (text) => logger.info(`scenario ${name}: ${text}`),
    sendBadPayload: () => {
      aggregator.ingest(TRUNCATED_PAYLOAD, { engine: 0, instance: BAD_INSTANCE })
    },
  })
  const task: ScenarioTask = { fault: scenario.fault, phaseBuffer: phase.buffer }
  return {
    engineApart: needsOwnThread(scenario) ? engines - 1 : undefined,
    taskOf: (engine) => (isAffected(scenario, engine, engines) ? task : undefined),
    update: (nowMs) => player.update(nowMs),
    status: () => `${name}: ${player.phase}`,
  }
}
