import { releaseBuffers } from '../exposition/buffer-pool.js'
import { compress } from './compress.js'
import type { ContentEncoding } from './content-encoding.js'
import type { Rendering, RenderingRequest } from './rendering.js'
import { within } from './within.js'

/** Minimum bytes of a body that is compressed: a smaller one fits into one packet. */
const COMPRESSED_BYTES_MIN = 1_024

/** Settings of a body. */
export interface SharedBodyOptions {
  /**
   * The media type of the registry's own format; undefined if the rendering has the requested
   * format.
   */
  readonly ownContentType: string | undefined
  /** Time-out of a compression, in milliseconds. */
  readonly timeoutMs: number
  /**
   * Called once with the error of a failed compression, for any number of requests that wait for
   * it.
   */
  readonly onError: (error: unknown) => void
  /** Called once when nothing uses the body any more. */
  readonly onUnused: () => void
}

/** The properties of a request that concern the body. */
type BodyRequest = Pick<RenderingRequest, 'encoding' | 'signal'>

interface Compression {
  readonly buffers: Promise<readonly Uint8Array[]>
  readonly users: Uses
}

/**
 * A rendering, uncompressed and in each requested encoding, which all its requests share. Its
 * buffers are returned to their pool when no response and no compression reads them.
 */
export class SharedBody {
  readonly #options: SharedBodyOptions
  readonly #plain: readonly Uint8Array[]
  readonly #isSmall: boolean
  readonly #compressions = new Map<ContentEncoding, Compression>()
  readonly #uses: Uses
  readonly #plainUses: Uses
  /** Must be called after the last `take`. Until then, the buffers are always kept. */
  readonly seal: () => void

  /**
   * @param plain the uncompressed buffers; they are passed to `releaseBuffers` after their last use
   */
  constructor(plain: readonly Uint8Array[], options: SharedBodyOptions) {
    this.#options = options
    this.#plain = plain
    this.#isSmall = plain.reduce((bytes, { length }) => bytes + length, 0) < COMPRESSED_BYTES_MIN
    this.#uses = new Uses(options.onUnused)
    const end = this.#uses.begin()
    this.#plainUses = new Uses(() => {
      releaseBuffers(plain)
      end()
    })
    this.seal = this.#plainUses.begin()
  }

  /**
   * The body in the encoding of a request, valid until the request's signal aborts. Must be called
   * before `seal`.
   */
  async take({ encoding, signal }: BodyRequest): Promise<Rendering> {
    signal.throwIfAborted()
    const { ownContentType } = this.#options
    onAbort(signal, this.#uses.begin())
    if (encoding === undefined || this.#isSmall) {
      onAbort(signal, this.#plainUses.begin())
      return { ownContentType, encoding: undefined, buffers: this.#plain }
    }
    const { buffers, users } = this.#compressionIn(encoding)
    onAbort(signal, users.begin())
    return { ownContentType, encoding, buffers: await buffers }
  }

  #compressionIn(encoding: ContentEncoding): Compression {
    const { timeoutMs, onError } = this.#options
    const known = this.#compressions.get(encoding)
    if (known !== undefined) return known
    const unused = new AbortController()
    const work = compress(this.#plain, encoding, unused.signal).finally(this.#plainUses.begin())
    const buffers = within(timeoutMs, 'compressed', work)
    buffers.catch((error) => {
      if (!unused.signal.aborted) onError(error)
    })
    const compression = { buffers, users: new Uses(() => unused.abort()) }
    this.#compressions.set(encoding, compression)
    return compression
  }
}

/** Counts uses, and calls a function after the last one. */
class Uses {
  readonly #onUnused: () => void
  #count = 0

  constructor(onUnused: () => void) {
    this.#onUnused = onUnused
  }

  /** @returns a function to call once at the end of the use */
  begin(): () => void {
    this.#count++
    return () => {
      if (--this.#count === 0) this.#onUnused()
    }
  }
}

function onAbort(signal: AbortSignal, run: () => void): void {
  signal.addEventListener('abort', run, { once: true })
}
