import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encodeAddress,
  readAddress,
  requireMetricsAddress,
} from '../../src/nats/metrics-address.js'
import { failure } from '../support/assertions/failures.js'

const ADDRESSES = [
  ['host-a:9464', 'http://host-a:9464/metrics'],
  ['10.0.0.1:80', 'http://10.0.0.1/metrics'],
  ['[fd00::1]:9464', 'http://[fd00::1]:9464/metrics'],
  ['http://host-a', 'http://host-a/metrics'],
  ['http://host-a:9464/', 'http://host-a:9464/metrics'],
  ['https://host-a:9464/internal/m', 'https://host-a:9464/internal/m'],
  ['HTTPS://Host-A:443', 'https://host-a/metrics'],
] as const

const OTHERS = [
  ...['', ' ', 'host-a', 'host-a:', ':9464', 'host-a:0', 'host-a:65536', 'host-a:9464/metrics'],
  ...['ftp://host-a:21', 'http://', 'http:///metrics', 'http://user@host-a', 'http://u:p@host-a/m'],
  ...[
    'http://host-a/m?x=1',
    'http://host-a/m#x',
    'http://host a/',
    'http://host-a/m n',
    '//host-a',
  ],
  ...['host-a:9464\n', 'http://host-a\\m', `http://host-a/${'m'.repeat(2_048)}`, '[fd00::1]'],
]

test('an address is a host and a port, or a URL, and has the path of the metrics', () => {
  for (const [text, url] of ADDRESSES) {
    assert.equal(requireMetricsAddress('a', text), url)
    // Decoding the encoded URL returns the original.
    assert.equal(readAddress(encodeAddress(url)), url)
  }
})

test('other texts are rejected, as an option and in the bucket', () => {
  for (const text of OTHERS) {
    assert.throws(() => requireMetricsAddress('a', text), failure('INVALID_OPTION'), text)
    assert.throws(() => readAddress(encodeAddress(text)), failure('INVALID_PAYLOAD', 'shape'), text)
  }
  assert.throws(() => requireMetricsAddress('natsSink.metricsAddress', 'host-a'), {
    message:
      'natsSink.metricsAddress: expected HOST:PORT or a URL of http or https without user, query and ' +
      `fragment, such as 'host-a:9464', got "host-a"`,
  })
  for (const value of [9464, null, {}]) {
    assert.throws(() => requireMetricsAddress('a', value), failure('INVALID_OPTION'))
  }
  assert.throws(() => readAddress(Uint8Array.of(0xff, 0xfe)), failure('INVALID_PAYLOAD', 'shape'))
})
