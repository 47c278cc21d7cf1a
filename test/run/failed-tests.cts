import type { TestEvent } from 'node:test/reporters'
const util: typeof import('node:util') = require('node:util')

/** The type of the failure of a file or suite that only contains a failed test, which is written itself. */
const OF_OTHERS = 'subtestsFailed'

/**
 * A test reporter for Node that writes only failed tests, each with its file and its error. The module is
 * CommonJS because Node requires a default export, which the linter forbids.
 *
 * @see https://nodejs.org/api/test.html#custom-reporters
 */
async function* failedTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:fail') continue
    const { name, file, details } = event.data
    const { error } = details
    if ('failureType' in error && error.failureType === OF_OTHERS) continue
    yield `${file ?? ''}: ${name}\n${util.inspect(error.cause ?? error)}\n`
  }
}

module.exports = failedTests
