import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { ContentEncoding } from './content-encoding.js'

/** A request for a rendering. */
export interface RenderingRequest {
  readonly format: ExpositionFormat
  /** Undefined for no compression. */
  readonly encoding: ContentEncoding | undefined
  /** Aborts when the response was sent, or its connection closed. */
  readonly signal: AbortSignal
}

/**
 * The exposition of a registry at one moment, shared by all requests for its format that arrived
 * before it began.
 */
export interface Rendering {
  /**
   * The media type of the registry's own format; undefined if the rendering has the requested
   * format.
   */
  readonly ownContentType: string | undefined
  /** The encoding of the buffers; undefined if they are not compressed. Small ones never are. */
  readonly encoding: ContentEncoding | undefined
  /**
   * Shared with other requests: they must not be changed, nor used after the request's signal has
   * aborted.
   */
  readonly buffers: readonly Uint8Array[]
}
