import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { compress } from '../server/compress.js'
import { type ContentEncoding, preferredEncoding } from '../server/content-encoding.js'
import { type ResponseParts, responseOf } from '../server/response-parts.js'

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

/** Returns the content of a file of the page by its name. */
export type LoadPageFile = (name: string) => Promise<string>

/** The files of the page, each loaded and compressed at its first request. */
export class PageFiles {
  readonly #encodings: readonly ContentEncoding[]
  readonly #load: LoadPageFile
  readonly #files = new Map<string, Promise<PageFile>>()
  readonly #compressed = new Map<string, Promise<readonly Uint8Array[]>>()

  /** @param load default: loads from the module that the build generates */
  constructor(encodings: readonly ContentEncoding[], load: LoadPageFile = loadBuiltFile) {
    this.#encodings = encodings
    this.#load = load
  }

  /** The response with a file, or with status 304 if the client has the file. */
  async respond(name: string, request: IncomingMessage): Promise<ResponseParts> {
    const { contentType, etag, bytes } = await kept(this.#files, name, () =>
      makePageFile(name, this.#load),
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

async function loadBuiltFile(name: string): Promise<string> {
  const { PAGE_FILES } = await import('./built-page.js')
  const text = PAGE_FILES[name]
  if (text === undefined) throw new Error(`expected ${name} among the files of the page, got none`)
  return text
}

async function makePageFile(name: string, load: LoadPageFile): Promise<PageFile> {
  const bytes = Buffer.from(await load(name))
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
