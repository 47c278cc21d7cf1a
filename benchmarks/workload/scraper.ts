import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

// Scrapes the given address once per message and answers with the time and the number of bytes. It
// is a thread of its own, so that reading does not block the server that is measured.
const { url, acceptEncoding, accept = 'text/plain' } = workerData as ScrapedServer
const headers = { 'accept-encoding': acceptEncoding, accept }

/** The URL and headers of a scrape. */
interface ScrapedServer {
  readonly url: string
  /** The header `Accept-Encoding`; the body is not decompressed. */
  readonly acceptEncoding: string
  /** The header `Accept`; default text. */
  readonly accept?: string
}

/** The duration of a scrape, and the bytes of its body. */
export interface ScrapeResult {
  readonly ms: number
  readonly bytes: number
}

parentPort?.on('message', () => {
  const start = performance.now()
  get(url, { headers }, (response) => {
    let bytes = 0
    response.on('data', (data: Buffer) => {
      bytes += data.length
    })
    response.on('end', () => parentPort?.postMessage({ ms: performance.now() - start, bytes }))
  })
})
