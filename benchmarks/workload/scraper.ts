import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

// Scrapes the given address once per message and answers with the time and the number of bytes. It
// is a thread of its own, so that reading does not block the server that is measured.
const { url } = workerData as { readonly url: string }

parentPort?.on('message', () => {
  const start = performance.now()
  get(url, (response) => {
    let bytes = 0
    response.on('data', (data: Buffer) => {
      bytes += data.length
    })
    response.on('end', () => parentPort?.postMessage({ ms: performance.now() - start, bytes }))
  })
})
