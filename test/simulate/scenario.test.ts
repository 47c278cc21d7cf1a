import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isAffected,
  needsOwnThread,
  SCENARIO_NAMES,
  SUMMARY_LENGTH_MAX,
  scenarioNamed,
} from '../../src/simulate/scenario.js'
import { PHASES, phaseAt, SharedPhase } from '../../src/simulate/scenario-phase.js'
import { ScenarioPlayer } from '../../src/simulate/scenario-player.js'

const ENGINES = 4

/** A player with its announcements and payloads, on a clock that starts at 5,000 ms. */
function playerOf(name: (typeof SCENARIO_NAMES)[number], faultSeconds: number) {
  const told: string[] = []
  let payloads = 0
  const phase = new SharedPhase()
  const player = new ScenarioPlayer({
    scenario: scenarioNamed(name),
    timing: { afterSeconds: 2, faultSeconds },
    phase,
    lastEngine: 3,
    announce: (text) => told.push(text),
    sendBadPayload: () => payloads++,
  })
  const playTo = (fromMs: number, toMs: number) => {
    for (let ms = fromMs; ms <= toMs; ms += 10) player.update(5_000 + ms)
  }
  return { told, phase, player, playTo, payloads: () => payloads }
}

test('the phases follow one another at their times', () => {
  const timing = { afterSeconds: 2, faultSeconds: 3 }
  const at = (seconds: number) => phaseAt(timing, seconds)
  assert.deepEqual([0, 1.99, 2, 4.99, 5, 100].map(at), [
    ...['calm', 'calm'],
    ...['fault', 'fault'],
    ...['recovery', 'recovery'],
  ])
  assert.equal(phaseAt({ afterSeconds: 0, faultSeconds: Number.POSITIVE_INFINITY }, 1e9), 'fault')
})

test('a phase set by one thread is visible to another one with the same memory', () => {
  const phase = new SharedPhase()
  const other = new SharedPhase(phase.buffer)
  assert.equal(other.current, 'calm')
  for (const name of PHASES) {
    phase.set(name)
    assert.deepEqual([other.current, other.isFault], [name, name === 'fault'])
  }
})

test('a player announces the fault and the recovery once each, when they are due', () => {
  const { told, phase, player, playTo } = playerOf('slow-engine', 3)
  playTo(0, 1_990)
  assert.deepEqual([told, phase.current], [[], 'calm'])
  playTo(2_000, 4_990)
  assert.deepEqual(
    [told.splice(0), phase.current, player.phase],
    [['engine 3 is 12 times slower from now on'], 'fault', 'fault'],
  )
  playTo(5_000, 20_000)
  assert.deepEqual([told, phase.current], [['engine 3 is as fast as before'], 'recovery'])
})

test('bad payloads are sent during the fault only, one each second', () => {
  const { playTo, payloads } = playerOf('rejected-payloads', 3)
  playTo(0, 1_990)
  assert.equal(payloads(), 0)
  playTo(2_000, 2_000)
  assert.equal(payloads(), 1)
  playTo(2_010, 2_990)
  assert.equal(payloads(), 1)
  playTo(3_000, 4_990)
  assert.equal(payloads(), 3)
  playTo(5_000, 9_000)
  assert.equal(payloads(), 3)
})

test('other scenarios send no bad payload', () => {
  for (const name of SCENARIO_NAMES.filter((each) => each !== 'rejected-payloads')) {
    const { playTo, payloads } = playerOf(name, 3)
    playTo(0, 9_000)
    assert.equal(payloads(), 0, name)
  }
})

test('the scenarios fit the help text, announce both phases and can be posted to a thread', () => {
  for (const name of SCENARIO_NAMES) {
    const scenario = scenarioNamed(name)
    assert.ok(scenario.summary.length <= SUMMARY_LENGTH_MAX, name)
    assert.notEqual(scenario.begins, scenario.ends, name)
    assert.deepEqual(structuredClone(scenario), scenario)
  }
})

test('a scenario affects all engines, the last one or none, and only crashes and hangs need a thread', () => {
  const affected = (name: (typeof SCENARIO_NAMES)[number]) =>
    [...Array(ENGINES).keys()].filter((engine) => isAffected(scenarioNamed(name), engine, ENGINES))
  assert.deepEqual(affected('store-full'), [0, 1, 2, 3])
  assert.deepEqual(affected('slow-engine'), [3])
  assert.deepEqual(affected('rejected-payloads'), [])
  const apart = SCENARIO_NAMES.filter((name) => needsOwnThread(scenarioNamed(name)))
  assert.deepEqual(apart, ['crash-loop', 'silent-engine'])
})
