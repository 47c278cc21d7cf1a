/**
 * The kind of an error: a stable string that a program can switch on.
 *
 * - `INVALID_OPTION`: an option is unknown, of the wrong type or out of range.
 * - `INVALID_ENGINE`: an engine index is not a non-negative safe integer, or past `enginesMax`.
 * - `INVALID_ROW`: a recorded row holds a value that cannot be counted.
 * - `INVALID_PAYLOAD`: a payload could not be read; see the error's `reason`.
 * - `INVALID_LINK`: a recorder cannot use its link, or did not receive one.
 * - `INVALID_TRACE`: a trace file cannot be read or a line of it is malformed.
 * - `UNSUPPORTED_PLATFORM`: the processor is big-endian.
 * - `LAYOUT_MISMATCH`: two stats with different bucket bounds cannot be merged.
 * - `CLOSED`: the object was used after its `close`.
 * - `FILE_FAILED`: a file cannot be read or written.
 * - `LISTEN_FAILED`: the server cannot listen on the HTTP address.
 * - `ENGINE_FAILED`: an engine of a pool ended with an error.
 * - `NATS_FAILED`: no NATS server is usable, or the bucket is of another version.
 */
export type MoonmeterErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_ENGINE'
  | 'INVALID_ROW'
  | 'INVALID_PAYLOAD'
  | 'INVALID_LINK'
  | 'INVALID_TRACE'
  | 'UNSUPPORTED_PLATFORM'
  | 'LAYOUT_MISMATCH'
  | 'CLOSED'
  | 'FILE_FAILED'
  | 'LISTEN_FAILED'
  | 'ENGINE_FAILED'
  | 'NATS_FAILED'

/**
 * Why a payload was rejected; the `reason` label of `moonmeter_payloads_rejected_total`.
 *
 * - `oversized`: it has more bytes than the limit.
 * - `truncated`: it ends within a value.
 * - `malformed`: it is not MessagePack, or it contains more than one value.
 * - `version`: it is a report of another version.
 * - `extension`: it contains a value of a MessagePack extension type.
 * - `nested`: it is a report with too many levels.
 * - `duplicate`: a map contains a key twice, or a report a series; or its idempotency key is that of
 *   another payload.
 * - `shape`: it has none of the shapes of a payload.
 * - `type`: a value is of the wrong type.
 * - `range`: a number is negative, not finite or out of its range.
 * - `bounds`: its bucket bounds are not the aggregator's.
 * - `engine`: the engine index or the instance is missing, malformed, not the sender's, or past the
 *   limit on engines.
 * - `local`: it is a report of an engine that is connected in this process, whose journal counts.
 * - `incarnation`: it is a report of an incarnation older than those that are kept apart.
 * - `backwards`: a count of the report is less than in an earlier one of the same incarnation.
 * - `journal`: the shared memory of an engine contains a number that no recorder writes, or other
 *   series or fewer rows than a report of the engine.
 * - `flood`: a thread posted more messages than flow control allows, and was disconnected.
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
  'local',
  'incarnation',
  'backwards',
  'journal',
  'flood',
] as const

/** One of `REJECTION_REASONS`. */
export type RejectionReason = (typeof REJECTION_REASONS)[number]

/** The class of all errors of this library: `code` is for programs, `message` for people. */
export class MoonmeterError extends Error {
  /** Always `MoonmeterError`. */
  override readonly name = 'MoonmeterError'
  /** The kind of mistake or failure. */
  readonly code: MoonmeterErrorCode
  /** The reason of an error with code `INVALID_PAYLOAD`; undefined for others. */
  readonly reason: RejectionReason | undefined

  /** @param message what was expected, what was received, and how to fix it */
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
