import { callSafely, readClock } from '../call-safely.js'
import { COUNT_MAX, STATUS_ERROR, STATUS_OK, STATUS_PARTIAL_FAILURE } from '../stats/row.js'
import type { MethodCall } from './client-proxy.js'
import type { InstrumentOptions } from './instrument-store.js'
import { type CallObserver, observeAnswer } from './observe-answer.js'
import type { OperationRecorder } from './operation-recorder.js'
import type { Recorder } from './recorder.js'
import { countHits, countNegative, failedBytes, sumBytes } from './store-results.js'

const MS_PER_SECOND = 1e3

/** Times calls and records their results. */
export class StoreCalls {
  readonly #recorder: Recorder
  readonly #bytesOf: InstrumentOptions['bytesOf']
  readonly #traceId: () => string | undefined
  readonly #now: () => number

  constructor(recorder: Recorder, { bytesOf, traceId, now }: InstrumentOptions) {
    this.#recorder = recorder
    this.#bytesOf = bytesOf
    this.#traceId =
      traceId === undefined
        ? () => recorder.currentTraceId()
        : () => callSafely('traceId', traceId) ?? ''
    this.#now = now ?? (() => performance.now())
  }

  /** Calls a method, and records the call as this operation. */
  of(operation: string): MethodCall {
    return (method, client, args) => {
      const call = this.#begin(operation, args)
      let answer: unknown
      try {
        answer = Reflect.apply(method, client, args)
      } catch (error) {
        call.ended(true)
        throw error
      }
      return observeAnswer(answer, call)
    }
  }

  #begin(operation: string, args: readonly unknown[]): CallObserver {
    const startMs = readClock('now', this.#now)
    // Read before the call: another trace may be active when the call ends.
    const traceId = this.#traceId()
    const recorder = this.#recorder
    const inFlight = recorder.hasExtras ? new InFlight(recorder, operation) : undefined
    inFlight?.begin()
    return {
      postponed: () => inFlight?.end(),
      awaited: () => inFlight?.begin(),
      ended: (failed, result) => {
        inFlight?.end()
        // An error of the recorder must not fail the call.
        callSafely('instrumentStore', () => {
          const elapsedMs = readClock('now', this.#now) - startMs
          this.#record(operation, { elapsedMs, traceId }, args, failed, result)
        })
      },
    }
  }

  #record(
    operation: string,
    { elapsedMs, traceId }: { readonly elapsedMs: number; readonly traceId: string | undefined },
    [keys, ...rest]: readonly unknown[],
    failed: boolean,
    result: unknown,
  ): void {
    // The client may be used after the recorder is closed; such calls are not recorded.
    if (this.#recorder.closed) return
    const isExists = operation.endsWith('_exists')
    const numKeys = Array.isArray(keys) ? keys.length : 0
    const countCodes = () => (isExists ? 0 : countNegative(result, numKeys))
    const numFailedKeys = failed ? numKeys : (measure(countCodes) ?? 0)
    const partial = numFailedKeys > 0 ? STATUS_PARTIAL_FAILURE : STATUS_OK
    const numBytes = isExists ? 0 : this.#countBytes(keys as readonly unknown[], rest, result)
    const countsExtras = this.#recorder.hasExtras && !failed
    // `bytesOf` returns the bytes of the whole call, so the bytes of a single key are unknown.
    const bytesLost =
      countsExtras && numFailedKeys > 0 && this.#bytesOf === undefined
        ? measure(() => failedBytes(rest, result, numKeys))
        : undefined
    // The caller's clock may go back or return NaN.
    this.#recorder.record(operation, elapsedMs > 0 ? elapsedMs / MS_PER_SECOND : 0, numKeys, {
      numBytes,
      status: failed ? STATUS_ERROR : partial,
      numFailedKeys,
      traceId,
      numTransferredBytes: bytesLost === undefined ? undefined : numBytes - bytesLost,
      numHitKeys: countsExtras && isExists ? measure(() => countHits(result, numKeys)) : 0,
    })
  }

  /** The bytes of a call; 0 if `bytesOf` throws or returns no valid number. */
  #countBytes(keys: readonly unknown[], rest: readonly unknown[], result: unknown): number {
    const bytesOf = this.#bytesOf
    if (bytesOf === undefined) return measure(() => sumBytes(rest) || sumBytes(result)) ?? 0
    const bytes: unknown = callSafely('bytesOf', () => bytesOf(keys, rest, result))
    return typeof bytes === 'number' && bytes >= 0 && bytes <= COUNT_MAX ? bytes : 0
  }
}

/**
 * The result of `read`; undefined if it throws, since values of a caller may be proxies or nested
 * deeper than the stack.
 */
function measure<Result>(read: () => Result): Result | undefined {
  return callSafely('instrumentStore', read)
}

/** Counts one call as in flight, at most once at a time. */
class InFlight {
  readonly #recorder: Recorder
  readonly #operation: string
  /** The recorder that counts the call now. */
  #counted: OperationRecorder | undefined

  constructor(recorder: Recorder, operation: string) {
    this.#recorder = recorder
    this.#operation = operation
  }

  begin(): void {
    if (this.#counted !== undefined || this.#recorder.closed) return
    this.#counted = this.#recorder.operation(this.#operation)
    this.#counted.begin()
  }

  end(): void {
    this.#counted?.end()
    this.#counted = undefined
  }
}
