import type { Random } from '../../../src/simulate/random.js'
import { integer, pick, randomBytes } from './draws.js'

const METHODS = [
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'OPTIONS',
  'DELETE',
  'get',
  'PRI',
  'CONNECT',
  'X',
  '',
]
const TARGETS = [
  '/metrics',
  '/metrics',
  '/metrics',
  '/metrics?a=b&c',
  '/healthz',
  '/',
  '//metrics',
  '/metrics/../metrics',
  'http://a:1/metrics',
  'http://[::1',
  'HTTPS://a?/metrics',
  '*',
  'a:443',
  '',
  '/%ff%00',
  `/${'m'.repeat(9_000)}`,
  '/metrics\u0000',
  '/é',
]
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/9.9',
  'http/1.1',
  '',
]
const HEADERS = [
  'connection: close',
  'connection: keep-alive',
  'connection: upgrade\r\nupgrade: websocket',
  'upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__',
  'expect: 100-continue',
  'expect: something',
  'authorization: Bearer x',
  'authorization: Basic \u00ff',
  'accept-encoding: gzip',
  'accept-encoding: zstd;q=0.5, gzip;q=nothing, *',
  'accept-encoding: ;q=1,,"',
  'range: bytes=0-1',
  'if-none-match: *',
  'content-length: 5',
  'content-length: 70000',
  'content-length: 1\r\ncontent-length: 2',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked\r\ncontent-length: 3',
  'trailer: a',
  'no colon',
  ' folded: a',
  `x: ${'y'.repeat(20_000)}`,
  'x: \u0001',
  'x:'.repeat(50),
  'x: y\r\n'.repeat(150).trim(),
]
const BODIES = [
  '',
  '',
  'hello',
  'a'.repeat(70_000),
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n',
  'ffffffffffffffff\r\n',
  '-1\r\n',
  '0\r\na: b\r\n\r\n',
  '\r\n\r\n',
]
/** Maximum number of requests that are sent at once. */
const PIPELINED_MAX = 40

/** A random request, which is usually invalid. */
function request(random: Random): string {
  if (random.below(3) === 0) return 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'
  const line = `${pick(random, METHODS)} ${pick(random, TARGETS)} ${pick(random, VERSIONS)}`
  const headers = random.below(8) === 0 ? [] : ['host: a']
  for (let count = random.below(3); count > 0; count--) headers.push(pick(random, HEADERS))
  const end = random.below(10) === 0 ? '' : '\r\n\r\n'
  return `${[line, ...headers].join('\r\n')}${end}${pick(random, BODIES)}`
}

/** The bytes of a hostile client: several requests, in which some bytes may be replaced. */
export function requestBytes(random: Random): Buffer {
  if (random.below(12) === 0) return Buffer.from(randomBytes(random, integer(random, 1, 400)))
  const count = random.below(4) === 0 ? integer(random, 1, PIPELINED_MAX) : integer(random, 1, 3)
  const requests = Array.from({ length: count }, () => request(random))
  const bytes = Buffer.from(requests.join(''), 'latin1')
  for (let flips = random.below(3) === 0 ? integer(random, 1, 5) : 0; flips > 0; flips--) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
  }
  return bytes
}
