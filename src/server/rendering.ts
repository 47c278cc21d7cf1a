import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { ContentEncoding } from './content-encoding.js'

/** The format and encoding of a rendering that a request gets. */
export interface RenderingRequest {
  readonly format: ExpositionFormat
  /** Undefined for a rendering that is not compressed. */
  readonly encoding: ContentEncoding | undefined
  /** Aborted when the response was sent, or its connection closed. */
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
