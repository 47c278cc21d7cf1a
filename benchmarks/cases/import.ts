import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'

/** The import of each variant. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  moonmeter: 'moonmeter/recorder',
  'moonmeter-main': 'moonmeter',
  'prom-client': 'prom-client',
}
const PAIRS = { quick: 11, full: 31 }
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads')
  const imported = workerData === null ? Promise.resolve() : import(workerData)
  imported.then(() => parentPort.postMessage('done'))
`

/** The time that an import adds to the start of an engine's thread. */
export const importCase: BenchmarkCase = {
  name: 'import',
  title: 'Import in a new thread',
  about:
    'Time from the creation of a thread to its first message, when it imports a package first, ' +
    'less that of a thread that imports nothing; the median of pairs, in alternating order.',
  variants: [
    { name: 'moonmeter', title: '`moonmeter/recorder`, what an engine loads', quick: true },
    { name: 'moonmeter-main', title: '`moonmeter`, what the main thread loads' },
    { name: 'prom-client', title: '`prom-client`' },
  ],
  columns: [{ name: 'ms', title: 'ms', relativeTo: ['prom-client'] }],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const specifier = SPECIFIERS[variant]
    if (specifier === undefined) throw new Error(`import: no variant ${variant}`)
    const url = import.meta.resolve(specifier)
    // The first pair reads the files from the disk.
    await startPair(url, false)
    const pairs = quick ? PAIRS.quick : PAIRS.full
    const differences: number[] = []
    for (let pair = 0; pair < pairs; pair++) {
      differences.push(await startPair(url, pair % 2 === 0))
    }
    return { ms: median(differences) }
  },
}

/** The difference in milliseconds between a thread with an import and one without. */
async function startPair(url: string, isEmptyFirst: boolean): Promise<number> {
  if (isEmptyFirst) {
    const emptyMs = await startMs(null)
    return (await startMs(url)) - emptyMs
  }
  const ms = await startMs(url)
  return ms - (await startMs(null))
}

async function startMs(url: string | null): Promise<number> {
  const start = performance.now()
  const worker = new Worker(THREAD, { eval: true, workerData: url })
  await once(worker, 'message')
  const ms = performance.now() - start
  await worker.terminate()
  return ms
}
