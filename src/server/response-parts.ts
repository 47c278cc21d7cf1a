/** Headers that forbid browsers to frame, sniff or cache a response, or to load content for it. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const
const NOT_MODIFIED = 304
const TEXT = 'text/plain; charset=utf-8'

/** Headers by their names. */
export type Headers = Readonly<Record<string, string | string[]>>

/** The parts of a response. */
export interface ResponseParts {
  readonly status: number
  /** All headers except `Vary`, which other code may also set. */
  readonly headers: Headers
  /** The request headers that the response depends on; empty for none. */
  readonly vary: string
  readonly buffers: readonly Uint8Array[]
}

/** A response with some content. */
export function responseOf(
  status: number,
  contentType: string,
  buffers: readonly Uint8Array[],
  { headers = {}, vary = '' }: { readonly headers?: Headers; readonly vary?: string } = {},
): ResponseParts {
  const length = buffers.reduce((bytes, buffer) => bytes + buffer.length, 0)
  const contentHeaders = {
    'Content-Type': contentType,
    // For a 304, it would have to be the length of the content that the client has.
    ...(status !== NOT_MODIFIED && { 'Content-Length': String(length) }),
  }
  return { status, headers: { ...SECURITY_HEADERS, ...contentHeaders, ...headers }, vary, buffers }
}

/** A response with a line of text. */
export function textResponse(status: number, text: string, headers: Headers = {}): ResponseParts {
  return responseOf(status, TEXT, [Buffer.from(`${text}\n`)], { headers })
}
