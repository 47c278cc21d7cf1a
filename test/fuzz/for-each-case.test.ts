import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Random } from '../../src/simulate/random.js'
import { integer, pick, randomBytes } from '../support/generators/draws.js'
import { forEachCase } from '../support/generators/for-each-case.js'

const SETTINGS = ['MOONMETER_FUZZ_CASES', 'MOONMETER_FUZZ_SEED', 'MOONMETER_FUZZ_CASE']

/** Sets the variables of the environment for the time of a test; others are unset. */
function withSettings(context: TestContext, settings: Readonly<Record<string, string>>): void {
  const before = SETTINGS.map((name) => [name, process.env[name]] as const)
  const set = (entries: Iterable<readonly [string, string | undefined]>) => {
    for (const [name, value] of entries) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  set(SETTINGS.map((name) => [name, settings[name]] as const))
  context.after(() => set(before))
}

/** The draws of a case, as text. */
function drawn(random: Random): string {
  return [integer(random, -3, 3), pick(random, ['a', 'b', 'c']), ...randomBytes(random, 8)].join(
    ' ',
  )
}

async function drawnByAll(cases: number): Promise<string[]> {
  const texts: string[] = []
  await forEachCase({ cases }, (random) => void texts.push(drawn(random)))
  return texts
}

test('cases are the same in each run, differ from each other, and follow the seed', async (context) => {
  withSettings(context, {})
  const texts = await drawnByAll(100)
  assert.deepEqual(await drawnByAll(100), texts)
  assert.equal(new Set(texts).size, 100)
  withSettings(context, { MOONMETER_FUZZ_SEED: '2', MOONMETER_FUZZ_CASES: '7' })
  const others = await drawnByAll(100)
  assert.equal(others.length, 7)
  assert.notEqual(others[0], texts[0])
})

test('a failing case is named, and also fails when it runs alone', async (context) => {
  withSettings(context, { MOONMETER_FUZZ_SEED: '5' })
  const seen = new Map<number, string>()
  const check = async (random: Random, index: number) => {
    seen.set(index, drawn(random))
    if (index === 12) throw new RangeError('planted')
  }
  const repeats = /^case 12 fails; MOONMETER_FUZZ_SEED=5 MOONMETER_FUZZ_CASE=12 repeats it$/
  const isPlanted = ({ message, cause }: Error) =>
    repeats.test(message) && cause instanceof RangeError
  await assert.rejects(forEachCase({ cases: 20 }, check), isPlanted)
  const among = seen.get(12)
  assert.equal(seen.size, 13)
  seen.clear()
  withSettings(context, { MOONMETER_FUZZ_SEED: '5', MOONMETER_FUZZ_CASE: '12' })
  await assert.rejects(forEachCase({ cases: 20 }, check), isPlanted)
  assert.deepEqual([...seen], [[12, among]])
})

test('a case that is always slow fails, one that is slow once does not', async (context) => {
  withSettings(context, {})
  const spin = (ms: number) => {
    const start = process.cpuUsage()
    for (let us = 0; us < ms * 1e3; ) {
      const { user, system } = process.cpuUsage(start)
      us = user + system
    }
  }
  let runs = 0
  await forEachCase({ cases: 1, msMax: 20 }, () => spin(runs++ === 0 ? 25 : 0))
  assert.equal(runs, 2)
  const slow = forEachCase({ cases: 1, msMax: 20 }, () => spin(25))
  await assert.rejects(slow, ({ cause }: Error) => /expected at most 20 ms/.test(String(cause)))
})

test('draws are within their limits and reach them', async (context) => {
  withSettings(context, {})
  const integers = new Set<number>()
  await forEachCase({ cases: 300 }, (random, index) => {
    integers.add(integer(random, -1, 2))
    assert.equal(randomBytes(random, index).length, index)
  })
  assert.deepEqual([...integers].sort(), [-1, 0, 1, 2])
})

test('a setting that is not a number is rejected', async (context) => {
  withSettings(context, { MOONMETER_FUZZ_CASES: 'many' })
  const run = forEachCase({ cases: 1 }, () => {})
  await assert.rejects(run, /MOONMETER_FUZZ_CASES: expected an integer, got many/)
})
