import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { AlternateScreen } from '../../../src/cli/screen/alternate-screen.js'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const EVENTS = ['exit', 'SIGCONT'] as const

/** A terminal of 5 columns that keeps what is written. */
class FakeTerminal extends EventEmitter {
  readonly columns = 5
  readonly rows = 2
  written = ''

  write(text: string): void {
    this.written += text
  }

  take(): string {
    const { written } = this
    this.written = ''
    return written
  }
}

test('a screen redraws in place, follows resizes, and is left once', () => {
  const countListeners = () => EVENTS.map((event) => process.listenerCount(event))
  const before = countListeners()
  const terminal = new FakeTerminal()
  const output = terminal as unknown as NodeJS.WriteStream
  let resizes = 0
  const screen = new AlternateScreen({
    ...{ output, input: undefined },
    onKey: () => {},
    onResize: () => resizes++,
  })
  assert.equal(terminal.take(), ENTER)
  assert.deepEqual([screen.columns, screen.rows], [5, 2])
  const drawn = resizes
  terminal.emit('resize')
  assert.equal(resizes, drawn + 1)
  // A line of the whole width is not cleared to its end: that would clear its last character.
  screen.draw(['abc', '日本x'])
  assert.equal(terminal.take(), '\u001b[?2026h\u001b[Habc\u001b[K\r\n日本x\u001b[?2026l')
  screen.close()
  screen.close()
  screen.draw(['late'])
  terminal.emit('resize')
  assert.equal(terminal.take(), LEAVE)
  assert.equal(resizes, drawn + 1)
  assert.deepEqual(countListeners(), before)
})
