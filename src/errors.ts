/**
 * What went wrong, as a stable word a program can switch on.
 *
 * - `INVALID_OPTION`: an option is unknown, of the wrong type or out of range.
 * - `INVALID_ENGINE`: an engine index is no non-negative safe integer.
 * - `INVALID_ROW`: a recorded row holds a value that cannot be counted.
 * - `INVALID_PAYLOAD`: a payload could not be read; the error's `reason` says why.
 * - `INVALID_LINK`: `createRecorder` was given something that is not a live link.
 * - `INVALID_TRACE`: a trace file cannot be read or a line of it is malformed.
 * - `LAYOUT_MISMATCH`: two stats with different bucket bounds were to be merged.
 * - `CLOSED`: the object was used after its `close`.
 * - `FILE_FAILED`: a file cannot be read or written.
 * - `LISTEN_FAILED`: the HTTP address cannot be listened on.
 * - `ENGINE_FAILED`: an engine of a pool ended with an error.
 */
export type MoonmeterErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_ENGINE'
  | 'INVALID_ROW'
  | 'INVALID_PAYLOAD'
  | 'INVALID_LINK'
  | 'INVALID_TRACE'
  | 'LAYOUT_MISMATCH'
  | 'CLOSED'
  | 'FILE_FAILED'
  | 'LISTEN_FAILED'
  | 'ENGINE_FAILED'

/**
 * Why a payload was refused; the `reason` label of `moonmeter_payloads_rejected_total`.
 *
 * - `oversized`: more bytes than the limit.
 * - `truncated`: it ends before its last value does.
 * - `malformed`: it is no MessagePack, or more than one value where one was expected.
 * - `extension`: it has a value of a MessagePack extension type.
 * - `nested`: its values are nested deeper than those of any payload.
 * - `duplicate`: a map has a key twice, or a report a series.
 * - `version`: a report of a version this code does not read.
 * - `shape`: none of the shapes a payload may have.
 * - `type`: a value of the wrong type.
 * - `range`: a number that is negative, not finite or out of its range.
 * - `bounds`: bucket bounds other than the aggregator's.
 * - `engine`: an engine index that is missing, malformed, not the sender's or past the limit.
 * - `backwards`: a report in which a count is less than in an earlier one of the same life.
 */
export const REJECTION_REASONS = [
  'oversized',
  'truncated',
  'malformed',
  'version',
  'extension',
  'nested',
  'duplicate',
  'shape',
  'type',
  'range',
  'bounds',
  'engine',
  'backwards',
] as const

/** One of `REJECTION_REASONS`. */
export type RejectionReason = (typeof REJECTION_REASONS)[number]

/** The one error this library throws: `code` is for programs, `message` for people. */
export class MoonmeterError extends Error {
  override readonly name = 'MoonmeterError'
  readonly code: MoonmeterErrorCode
  /** Set where `code` is `INVALID_PAYLOAD`. */
  readonly reason: RejectionReason | undefined

  /** @param message what was expected, what came, and what to do about it. */
  constructor(
    code: MoonmeterErrorCode,
    message: string,
    options: ErrorOptions & { readonly reason?: RejectionReason } = {},
  ) {
    super(message, options)
    this.code = code
    this.reason = options.reason
  }
}
