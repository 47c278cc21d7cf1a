import type { IncomingMessage, ServerResponse } from 'node:http'
import { callSafely } from '../call-safely.js'
import { Authorization } from '../server/authorization.js'
import type { MetricsHandler } from '../server/metrics-handler.js'
import { isOver } from '../server/response-over.js'
import {
  type Headers,
  type ResponseParts,
  responseOf,
  textResponse,
} from '../server/response-parts.js'
import { sendResponse } from '../server/send-response.js'
import { rejection } from '../wire/rejection.js'
import { isBelow, matchPayload, type PayloadTarget } from './match-payload.js'
import { answerOf, retrySecondsOf } from './payload-answer.js'
import type { PayloadOutcome, PayloadReceiver } from './payload-receiver.js'
import {
  type PayloadsHandlerOptions,
  type PayloadsHandlerSettings,
  readPayloadsOptions,
} from './payloads-handler-options.js'
import { readBody } from './read-body.js'

const METHOD = 'POST'
const MEDIA_TYPES: readonly string[] = [
  'application/msgpack',
  'application/vnd.msgpack',
  'application/x-msgpack',
]
const IDENTITY = 'identity'
const JSON_TYPE = 'application/json'
/** Within this time, some of the current bodies end. */
const RETRY_AFTER_MS = 1_000

/**
 * Creates a request listener that receives payloads of vLLM. Their requests are
 * `POST /v1/payloads/ENGINE?instance=NAME` with MessagePack as the body, and the header
 * `Idempotency-Key` so that a retry does not count twice. Mount it like `metricsHandler`. Requests
 * of other paths are passed to `next`, or get 404, as do those below `/v1/payloads` without an engine
 * index.
 *
 * The status is 200 if the payload is counted, 400 or 413 if it is rejected, 422 if another payload
 * with the same key was counted, 503 if the client should send it again after the seconds of
 * `Retry-After`, and 401, 405, 408 or 415 for an invalid request. A body is read only if the request
 * has the credentials.
 *
 * @param receiver of `payloadReceiver`, or of `receivePayloads` of `moonmeter/nats`
 * @param options must contain credentials
 * @throws MoonmeterError `INVALID_OPTION` for an invalid receiver, an unknown option or one out of
 * range, an empty secret, and without credentials
 */
export function payloadsHandler(
  receiver: PayloadReceiver,
  options: PayloadsHandlerOptions,
): MetricsHandler {
  const settings = readPayloadsOptions(receiver, options)
  const endpoint = new PayloadsEndpoint(receiver, settings, new Authorization(options))
  return (request, response, next) => {
    // The client may have disconnected before the request was routed to this handler.
    if (isOver(request, response)) return
    const target = matchPayload(request, settings.path)
    if (target === undefined && next !== undefined && !isBelow(request, settings.path)) {
      next()
      return
    }
    endpoint.respond(target, request, response).catch((error) => {
      callSafely('onError', () => settings.onError(error))
      response.destroy()
    })
  }
}

class PayloadsEndpoint {
  readonly #receiver: PayloadReceiver
  readonly #settings: PayloadsHandlerSettings
  readonly #authorization: Authorization
  #bodies = 0

  constructor(
    receiver: PayloadReceiver,
    settings: PayloadsHandlerSettings,
    authorization: Authorization,
  ) {
    this.#receiver = receiver
    this.#settings = settings
    this.#authorization = authorization
  }

  async respond(
    target: PayloadTarget | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const parts = await this.#partsOf(target, request)
    if (parts === undefined || isOver(request, response)) return
    if (request.complete) {
      // The body was read completely, so the connection can be reused.
      // Two statements: `writeHead` of Restify and of serverless-http returns nothing.
      response.writeHead(parts.status, parts.headers)
      response.end(Buffer.concat(parts.buffers))
      return
    }
    const { bodyTimeoutMs } = this.#settings
    const limits = { stallTimeoutMs: bodyTimeoutMs, responseTimeoutMs: bodyTimeoutMs }
    await sendResponse(request, response, parts, limits)
  }

  /** The response to a request; undefined if its client has disconnected. */
  async #partsOf(
    target: PayloadTarget | undefined,
    request: IncomingMessage,
  ): Promise<ResponseParts | undefined> {
    const refusal = this.#refusalOf(target, request)
    if (target === undefined || refusal !== undefined) return refusal
    const { bodiesMax, bodyTimeoutMs: timeoutMs } = this.#settings
    const { payloadBytesMax: bytesMax } = this.#receiver
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return this.#oversized()
    if (this.#bodies >= bodiesMax) {
      const cause = `${bodiesMax} bodies of payloads are being read`
      return partsOfOutcome({ kind: 'busy', cause, retryAfterMs: RETRY_AFTER_MS })
    }
    this.#bodies++
    const body = await readBody(request, { bytesMax, timeoutMs })
    this.#bodies--
    if (body.kind === 'whole') return this.#receive(body.bytes, target, request)
    if (body.kind === 'oversized') return this.#oversized()
    if (body.kind === 'late') {
      return textResponse(408, `request timeout: expected the body within ${timeoutMs} ms`)
    }
    if (body.kind === 'gone') return undefined
    const error = new Error(
      'payloadsHandler: expected a body, got one that a middleware has read; mount the handler ' +
        'before it, or let the middleware store the bytes in request.body',
    )
    return this.#failed(error, 'the payload is not counted: other code of the server read its body')
  }

  /** The response to a request that is refused before its body is read; undefined for others. */
  #refusalOf(
    target: PayloadTarget | undefined,
    request: IncomingMessage,
  ): ResponseParts | undefined {
    const { path } = this.#settings
    if (target === undefined)
      return textResponse(404, `not found: expected ${path}/ENGINE, such as ${path}/0`)
    if (request.method !== METHOD) {
      return textResponse(405, `method not allowed: expected ${METHOD}`, { Allow: METHOD })
    }
    if (!this.#authorization.allows(request)) {
      return textResponse(401, 'unauthorized: expected a token or a password', {
        'WWW-Authenticate': [...this.#authorization.challenges],
      })
    }
    const { 'content-type': type = '', 'content-encoding': encoding = IDENTITY } = request.headers
    const [mediaType = ''] = type.toLowerCase().split(';', 1)
    if (!MEDIA_TYPES.includes(mediaType.trim()) || encoding.toLowerCase() !== IDENTITY) {
      const [expected = ''] = MEDIA_TYPES
      return textResponse(415, `unsupported media type: expected ${expected}, not compressed`, {
        'Accept-Post': MEDIA_TYPES.join(', '),
        'Accept-Encoding': IDENTITY,
      })
    }
    return undefined
  }

  async #receive(
    bytes: Uint8Array,
    { engine, instances }: PayloadTarget,
    request: IncomingMessage,
  ): Promise<ResponseParts> {
    const { 'idempotency-key': header } = request.headers
    const key = Array.isArray(header) ? header.join() : header
    const [instance] = instances
    try {
      if (instances.length > 1) {
        const error = rejection('engine', 'one parameter instance in the query', instances.join())
        return partsOfOutcome(this.#receiver.reject(error))
      }
      return partsOfOutcome(await this.#receiver.receive(bytes, { engine, instance, key }))
    } catch (error) {
      return this.#failed(error, 'the payload may or may not be counted')
    }
  }

  #oversized(): ResponseParts {
    const expected = `at most ${this.#receiver.payloadBytesMax} bytes`
    return partsOfOutcome(this.#receiver.reject(rejection('oversized', expected, 'more')))
  }

  #failed(error: unknown, outcome: string): ResponseParts {
    callSafely('onError', () => this.#settings.onError(error))
    return textResponse(500, `internal error: ${outcome}`)
  }
}

function partsOfOutcome(outcome: PayloadOutcome): ResponseParts {
  const headers: Headers =
    outcome.kind === 'busy' ? { 'Retry-After': String(retrySecondsOf(outcome)) } : {}
  return responseOf(statusOf(outcome), JSON_TYPE, [Buffer.from(answerOf(outcome))], { headers })
}

function statusOf(outcome: PayloadOutcome): number {
  if (outcome.kind === 'busy') return 503
  if (outcome.kind === 'conflicting') return 422
  if (outcome.kind !== 'rejected') return 200
  return outcome.error.reason === 'oversized' ? 413 : 400
}
