import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamUrl } from '../../src/cli/server-address.js'

test('the stream is below the base URL, with or without a slash at its end', () => {
  const cases = {
    'http://127.0.0.1:9464/': 'http://127.0.0.1:9464/live',
    'http://127.0.0.1:9464': 'http://127.0.0.1:9464/live',
    '127.0.0.1:9464': 'http://127.0.0.1:9464/live',
    'localhost:9464/page': 'http://localhost:9464/page/live',
    'https://host/a/b/?x=1#y': 'https://host/a/b/live',
    '[::1]:9464': 'http://[::1]:9464/live',
  }
  for (const [text, url] of Object.entries(cases)) assert.equal(streamUrl(text), url)
})
