import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

// Scrapes the address it is given once per message and answers how long that took and how many
// bytes came: a thread of its own, so that reading does not block the server that is measured.
const { url } = workerData as { readonly url: string }

parentPort?.on('message', () => {
  const start = performance.now()
  get(url, (response) => {
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    response.on('end', () => parentPort?.postMessage({ ms: performance.now() - start, bytes }))
  })
})
