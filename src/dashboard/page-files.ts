import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { compress } from '../server/compress.js'
import { type ContentEncoding, preferredEncoding } from '../server/content-encoding.js'
import { type ResponseParts, responseOf } from '../server/response-parts.js'

/** The output folder of the build for the page. */
const FOLDER = new URL('../page/', import.meta.url)
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
}
/** Permits only the page's own files and stream. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

interface PageFile {
  readonly contentType: string
  readonly etag: string
  readonly bytes: Uint8Array
}

/** The files of the page, each read and compressed at its first request. */
export class PageFiles {
  readonly #encodings: readonly ContentEncoding[]
  readonly #folder: URL
  readonly #files = new Map<string, Promise<PageFile>>()
  readonly #compressed = new Map<string, Promise<readonly Uint8Array[]>>()

  /** @param folder the folder of the files, with a trailing slash; default that of the build */
  constructor(encodings: readonly ContentEncoding[], folder = FOLDER) {
    this.#encodings = encodings
    this.#folder = folder
  }

  /** The response with a file, or with status 304 if the client has the file. */
  async respond(name: string, request: IncomingMessage): Promise<ResponseParts> {
    const { contentType, etag, bytes } = await kept(this.#files, name, () =>
      readPageFile(name, this.#folder),
    )
    const headers = {
      // The client must revalidate, since another version may be served at the same address.
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      ETag: etag,
    }
    const vary = this.#encodings.length > 0 ? 'Accept-Encoding' : ''
    if (hasTag(request.headers['if-none-match'], etag)) {
      return responseOf(304, contentType, [], { headers, vary })
    }
    const encoding = preferredEncoding(request, this.#encodings)
    if (encoding === undefined) return responseOf(200, contentType, [bytes], { headers, vary })
    const compressed = await kept(this.#compressed, `${encoding} ${name}`, () =>
      compress([bytes], encoding, new AbortController().signal),
    )
    const encoded = { ...headers, 'Content-Encoding': encoding }
    return responseOf(200, contentType, compressed, { headers: encoded, vary })
  }
}

async function readPageFile(name: string, folder: URL): Promise<PageFile> {
  const bytes = await readFile(new URL(name, folder))
  const digest = createHash('sha256').update(bytes).digest('base64url')
  const contentType = CONTENT_TYPES[name.split('.').at(-1) ?? ''] ?? ''
  // Weak, since the tag is the same for all encodings.
  return { contentType, etag: `W/"${digest}"`, bytes }
}

/**
 * Whether `If-None-Match` contains a weak tag. Proxies may have changed it to a strong one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
function hasTag(header: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  const tags = (header ?? '').split(',').map(opaque)
  return tags.includes('*') || tags.includes(opaque(etag))
}

/** The cached value of a key, or a new one. Failures are not cached. */
function kept<Value>(
  values: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = values.get(key)
  if (known !== undefined) return known
  const made = make()
  values.set(key, made)
  made.catch(() => values.delete(key))
  return made
}
