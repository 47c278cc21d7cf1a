import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { Worker } from 'node:worker_threads'
import type * as Moonmeter from '../../../src/index.js'
import { waitUntil } from './wait-until.js'

/**
 * Runs the aggregator in a vm context, as test runners do, with an engine on a thread, and prints
 * the number of reports and rejections. Needs `--experimental-vm-modules`.
 */
const INDEX = new URL('../../../src/index.js', import.meta.url).href
const RECORDER = new URL('../../../src/recorder/index.js', import.meta.url).href
const ENGINE = `const { workerData } = require('node:worker_threads')
  import('${RECORDER}').then(({ createRecorder }) => {
    const recorder = createRecorder(workerData.link)
    recorder.record('op', 0.5, 1)
    recorder.close()
  })`
/** The globals that Node adds to those of the language. */
const NODE_GLOBALS = [
  ...['Buffer', 'URL', 'performance', 'process', 'queueMicrotask', 'structuredClone'],
  ...['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'setImmediate'],
  ...['AbortController', 'MessageChannel', 'TextDecoder', 'TextEncoder'],
]
const globals = NODE_GLOBALS.map((name) => [name, Reflect.get(globalThis, name)])
const context = vm.createContext(Object.fromEntries(globals))
const modules = new Map<string, Promise<vm.Module>>()

function load(specifier: string, from: string): Promise<vm.Module> {
  const url = specifier.startsWith('.') ? new URL(specifier, from).href : specifier
  const known = modules.get(url) ?? makeModule(url)
  modules.set(url, known)
  return known
}

async function makeModule(identifier: string): Promise<vm.Module> {
  if (identifier.startsWith('file:')) {
    const source = readFileSync(fileURLToPath(identifier), 'utf8')
    const initializeImportMeta = (meta: ImportMeta) => Object.assign(meta, { url: identifier })
    return new vm.SourceTextModule(source, { identifier, context, initializeImportMeta })
  }
  const exported: Record<string, unknown> = await import(identifier)
  const names = Object.keys(exported)
  const copy = function (this: vm.SyntheticModule) {
    for (const name of names) this.setExport(name, exported[name])
  }
  return new vm.SyntheticModule(names, copy, { identifier, context })
}

const index = await load(INDEX, INDEX)
await index.link((specifier, { identifier }) => load(specifier, identifier))
await index.evaluate()
const { EngineAggregator } = index.namespace as typeof Moonmeter
const rejections: string[] = []
const aggregator = new EngineAggregator({ onRejected: ({ message }) => rejections.push(message) })
const link = aggregator.connect(0)
const worker = new Worker(ENGINE, {
  eval: true,
  workerData: { link },
  transferList: [...link.transferList],
})
await new Promise((resolve) => worker.once('exit', resolve))
const health = () => aggregator.snapshot().sources[0].health
await waitUntil('the last report', () => health().reports + rejections.length > 0)
const { reports, rows } = health()
console.log(JSON.stringify({ reports, rows, rejections }))
await aggregator.close()
