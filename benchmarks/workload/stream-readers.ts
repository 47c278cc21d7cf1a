import { get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

// Opens a number of streams of a live page and reads them. It is a thread of its own, so that
// reading does not block the server that is measured.
const { url, streams } = workerData as ReadStreams

/** The streams to open. */
interface ReadStreams {
  readonly url: string
  readonly streams: number
}

let open = 0
for (let index = 0; index < streams; index++) {
  get(url, { agent: false }, (response) => {
    response.resume()
    response.once('data', () => {
      if (++open === streams) parentPort?.postMessage('open')
    })
  })
}
