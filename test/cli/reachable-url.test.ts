import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { reachableUrl } from '../../src/cli/reachable-url.js'

test('the URL of a server on every address has the name of the host, and that of others is unchanged', () => {
  for (const url of ['http://0.0.0.0:9464', 'http://[::]:9464']) {
    assert.equal(reachableUrl(url, 'host-a'), 'http://host-a:9464/')
  }
  assert.equal(reachableUrl('http://0.0.0.0:1'), new URL(`http://${hostname()}:1`).href)
  for (const url of ['http://127.0.0.1:9464/', 'http://[::1]:9464/', 'http://10.0.0.1:80/']) {
    assert.equal(reachableUrl(url, 'host-a'), new URL(url).href)
  }
})
