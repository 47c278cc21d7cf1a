import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { ContentEncoding } from './content-encoding.js'

/** What a client wants of a rendering. */
export interface RenderingRequest {
  readonly format: ExpositionFormat
  /** Undefined: the rendering as it is. */
  readonly encoding: ContentEncoding | undefined
  /** Aborted when the response was sent, or the client has gone. */
  readonly signal: AbortSignal
}

/** The exposition of a registry at one moment, for all requests for its format that came before it. */
export interface Rendering {
  /** The media type of the registry's own format; undefined where it is in the one asked for. */
  readonly ownContentType: string | undefined
  /** The encoding of the buffers; undefined where they are not compressed, as small ones never are. */
  readonly encoding: ContentEncoding | undefined
  /** Shared with other requests: not to be changed, nor used after the request's signal has aborted. */
  readonly buffers: readonly Uint8Array[]
}
