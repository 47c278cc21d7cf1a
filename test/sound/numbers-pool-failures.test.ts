import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { failure } from '../support/assertions/failures.js'
import { FAILURES, RESULTS } from '../support/engines/hostile-engine.js'
import { newPool } from '../support/engines/pools.js'
import { waitUntil } from '../support/processes/wait-until.js'

const filename = new URL('../support/engines/hostile-engine.js', import.meta.url)
const RESTARTS = 1
const ENDS_WITH_TEXT: Readonly<Record<string, RegExp>> = {
  null: /got error: null$/,
  undefined: /got error: undefined$/,
  text: /got error: a text$/,
  object: /got error: an object$/,
  function: /got error: a function$/,
  symbol: /got error: a symbol$/,
  'object without a text': /got error: an object$/,
  'error with a cause that cannot be cloned': /got error: outer$/,
  'error whose name throws': /got error: its text$/,
  'error whose message is a symbol': /got error: (an object)?$/,
  'aborted signal': /got error: This operation was aborted$/,
  'text like that of an ended thread': /got error: worker exited with code: 0$/,
}
/** Values that are thrown outside of the engine's function, where Node ends the thread. */
const UNCAUGHT = ['null', 'undefined', 'text', 'function', 'error whose message throws']

/** Runs an engine per name to its last failure; checks that each was restarted. */
async function runFailing(
  context: TestContext,
  name: string,
  names: readonly string[],
  threads: number,
): Promise<ReadonlyMap<string, string>> {
  const { aggregator, pool } = newPool(context, {
    filename,
    name,
    engines: names.length,
    threads,
    task: (engine) => names[engine],
    restart: { delayMsMin: 1, restartsMax: RESTARTS },
  })
  const exits = names.map(() => 0)
  pool.on('exit', ({ engine }) => exits[engine]++)
  const messages = new Map<string, string>()
  for (const outcome of await pool.run()) {
    const what = names[outcome.engine] ?? ''
    assert.ok(outcome.state === 'failed', `'${what}' counts as a failure`)
    assert.equal(outcome.reason, 'error', what)
    assert.ok(failure('ENGINE_FAILED')(outcome.error), what)
    assert.equal(exits[outcome.engine], RESTARTS + 1, `'${what}' is restarted`)
    messages.set(what, outcome.error.message)
    const rows = () => aggregator.stats(outcome.engine).rows
    await waitUntil(`the rows of '${what}'`, () => rows() === RESTARTS + 1)
  }
  return messages
}

test('an engine that throws any value fails and is restarted', async (context) => {
  const messages = await runFailing(context, 'throwNamed', Object.keys(FAILURES), 2)
  for (const [what, pattern] of Object.entries(ENDS_WITH_TEXT)) {
    assert.match(messages.get(what) ?? '', pattern, what)
  }
})

test('an engine whose thread ends by any uncaught value fails and is restarted', async (context) => {
  await runFailing(context, 'throwNamedElsewhere', UNCAUGHT, UNCAUGHT.length)
})

test('an engine whose result cannot be sent fails with the reason, and its thread continues', async (context) => {
  const messages = await runFailing(context, 'returnNamed', Object.keys(RESULTS), 1)
  assert.match(messages.get('function') ?? '', /could not be cloned/)
})

test('the cause of a failure is a clone of the thrown value', async (context) => {
  const causes = { text: 'a text', object: { code: 7 }, null: null }
  const names = Object.keys(causes)
  const { pool } = newPool(context, {
    filename,
    name: 'throwNamed',
    engines: names.length,
    task: (engine) => names[engine],
  })
  const outcomes = await pool.run()
  const got = outcomes.map((outcome) => outcome.state === 'failed' && outcome.error.cause)
  assert.deepEqual(got, Object.values(causes))
})
