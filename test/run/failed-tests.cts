import type { TestEvent } from 'node:test/reporters'
const util: typeof import('node:util') = require('node:util')

/** A file or a suite failed since a test in it did; that test is written by itself. */
const OF_OTHERS = 'subtestsFailed'

/**
 * A reporter of Node that writes only the tests that failed, each with its file and its error. Its module
 * is CommonJS, since Node takes the default export of a reporter.
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
