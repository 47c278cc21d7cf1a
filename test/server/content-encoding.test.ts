import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { metricsHandler } from '../../src/index.js'
import {
  CONTENT_ENCODINGS,
  type ContentEncoding,
  preferredEncoding,
} from '../../src/server/content-encoding.js'
import { failure } from '../support/assertions/failures.js'
import { textSource } from '../support/processes/text-source.js'

const BOTH: readonly ContentEncoding[] = ['gzip', 'zstd']
const HAS_ZSTD = 'createZstdCompress' in zlib

test('the encoding with the greatest weight is preferred, and none without a request for one', () => {
  const cases: readonly (readonly [string | undefined, ContentEncoding | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['br, deflate', undefined],
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['zstd', 'zstd'],
    ['gzip, zstd', 'gzip'],
    ['zstd, gzip', 'zstd'],
    ['deflate, gzip;q=1.0, *;q=0.5', 'gzip'],
    ['gzip;q=0.5, zstd;q=0.8', 'zstd'],
    ['gzip;q=0.5,zstd;q=0.501', 'zstd'],
    ['gzip;q=0.001', 'gzip'],
    ['gzip;q=0.2, identity;q=0.5', undefined],
    ['gzip;q=0.5, identity;q=0.2', 'gzip'],
    ['*', 'gzip'],
    ['*;q=0.5, gzip;q=0', 'zstd'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.000, zstd', 'zstd'],
    ['identity;q=0', undefined],
    ['identity;q=0, *', 'gzip'],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['gzip, *;q=0', 'gzip'],
    ['*;q=0', undefined],
    ['gzip;q=none', undefined],
    [',;=,gzip', 'gzip'],
  ]
  for (const [header, expected] of cases) {
    const request = { headers: { 'accept-encoding': header } }
    assert.equal(preferredEncoding(request, BOTH), expected, header)
    assert.equal(preferredEncoding(request, []), undefined, header)
  }
})

test('an encoding that is not offered is not preferred', () => {
  const request = { headers: { 'accept-encoding': 'zstd, gzip;q=0.5' } }
  assert.equal(preferredEncoding(request, ['gzip']), 'gzip')
  assert.equal(preferredEncoding(request, ['zstd']), 'zstd')
})

test('zstd is offered if Node supports it', () => {
  assert.deepEqual(CONTENT_ENCODINGS, HAS_ZSTD ? BOTH : ['gzip'])
})

test('other values of compression are invalid, also an encoding that this Node lacks', () => {
  const source = textSource(() => '')
  const invalid: unknown[] = [null, 1, 'gzip', {}, ['br'], ['gzip', 'deflate'], [undefined]]
  if (!HAS_ZSTD) invalid.push(['zstd'])
  for (const compression of invalid) {
    const make = () => metricsHandler(source, { compression } as object)
    assert.throws(make, failure('INVALID_OPTION'))
  }
  for (const compression of [undefined, true, false, [], ['gzip'], CONTENT_ENCODINGS]) {
    metricsHandler(source, { compression } as object)
  }
})
