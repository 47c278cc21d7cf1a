import type { Scenario } from './scenario.js'
import { type Phase, type PhaseTiming, phaseAt, type SharedPhase } from './scenario-phase.js'

const MS_PER_SECOND = 1e3

/** Options of a {@link ScenarioPlayer}. */
export interface PlayerOptions {
  readonly scenario: Scenario
  readonly timing: PhaseTiming
  readonly phase: SharedPhase
  /** The engine index in announcements. */
  readonly lastEngine: number
  /** Called with a text when a phase begins. */
  readonly announce: (text: string) => void
  /** Called to send a payload that the aggregator rejects. */
  readonly sendBadPayload: () => void
}

/** Plays the phases of a scenario by the clock of its caller. */
export class ScenarioPlayer {
  readonly #options: PlayerOptions
  #startMs: number | undefined
  #faultMs = 0
  #payloadsSent = 0

  constructor(options: PlayerOptions) {
    this.#options = options
  }

  /** The current phase. */
  get phase(): Phase {
    return this.#options.phase.current
  }

  /**
   * Starts the phase that is due. The first call starts the run.
   *
   * @param nowMs the current time of a monotonic clock, in milliseconds
   */
  update(nowMs: number): void {
    const { timing, phase, scenario } = this.#options
    this.#startMs ??= nowMs
    const next = phaseAt(timing, (nowMs - this.#startMs) / MS_PER_SECOND)
    if (next !== phase.current) {
      if (next === 'fault') this.#faultMs = nowMs
      phase.set(next)
      const text = next === 'fault' ? scenario.begins : scenario.ends
      this.#options.announce(text.replaceAll('{engine}', String(this.#options.lastEngine)))
    }
    if (next === 'fault') this.#sendBadPayloads(nowMs)
  }

  /** Sends one payload at the start of the fault, and at most one per call. */
  #sendBadPayloads(nowMs: number): void {
    const { scenario, sendBadPayload } = this.#options
    const perSecond = scenario.badPayloadsPerSecond ?? 0
    const due = 1 + Math.floor(((nowMs - this.#faultMs) / MS_PER_SECOND) * perSecond)
    if (perSecond === 0 || this.#payloadsSent >= due) return
    this.#payloadsSent++
    sendBadPayload()
  }
}
