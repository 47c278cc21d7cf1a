import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventQueue } from '../../src/simulate/event-queue.js'

test('events come out earliest first, however pushing and popping are mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const queue = new EventQueue<{ readonly timestampMs: number }>()
      const model: number[] = []
      for (const step of steps) {
        if (step !== null) {
          queue.push({ timestampMs: step })
          model.push(step)
          model.sort((a, b) => a - b)
        } else if (model.length > 0) {
          assert.equal(queue.pop().timestampMs, model.shift())
        }
        assert.equal(queue.size, model.length)
        assert.equal(queue.nextMs, model[0] ?? Number.POSITIVE_INFINITY)
      }
    }),
  )
})
