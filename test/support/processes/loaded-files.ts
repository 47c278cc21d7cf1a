import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/** The folder of the repository; the compiled code is four folders below it. */
const ROOT = new URL('../../../../', import.meta.url)
/** The inspector reports every compiled script and module. */
const THREAD = `
  const { Session } = require('node:inspector')
  const { createRequire } = require('node:module')
  const { parentPort, workerData } = require('node:worker_threads')
  const session = new Session()
  session.connect()
  const urls = []
  session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url))
  session.post('Debugger.enable', async () => {
    urls.length = 0
    const { from, specifier, then } = workerData
    const loaded = await import(createRequire(from).resolve(specifier))
    await new Function('loaded', 'return (' + then + ')(loaded)')(loaded)
    parentPort.postMessage(urls)
  })
`

/**
 * The files that a new thread loads with an entry of this package, in order, relative to the
 * repository.
 *
 * @param then source text of a function that is called with the imported module
 */
export async function loadedFiles(specifier: string, then = '() => {}'): Promise<string[]> {
  const workerData = { from: fileURLToPath(new URL('package.json', ROOT)), specifier, then }
  const worker = new Worker(THREAD, { eval: true, workerData })
  const [urls]: string[][] = await once(worker, 'message')
  await worker.terminate()
  return (urls ?? [])
    .filter((url) => url.startsWith(ROOT.href))
    .map((url) => url.slice(ROOT.href.length))
}
