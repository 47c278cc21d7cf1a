import { NODE_MAJORS } from '../../test/nodes/find-node.js'
import type { BenchmarkCase } from './benchmark-case.js'
import { nodeCaseName } from './node-cases.js'

const LOADERS: Readonly<Record<string, () => Promise<BenchmarkCase>>> = {
  calibration: async () => (await import('../cases/calibration.js')).calibrationCase,
  record: async () => (await import('../cases/record.js')).recordCase,
  'record-mixed': async () => (await import('../cases/record.js')).recordMixedCase,
  ...Object.fromEntries(
    NODE_MAJORS.map((major) => [
      nodeCaseName(major),
      async () => (await import('../cases/record.js')).recordOnNode(major),
    ]),
  ),
  'record-by-name': async () => (await import('../cases/record-by-name.js')).recordByNameCase,
  allocation: async () => (await import('../cases/allocation.js')).allocationCase,
  'fold-and-encode': async () => (await import('../cases/fold-and-encode.js')).foldAndEncodeCase,
  'post-and-merge': async () => (await import('../cases/post-and-merge.js')).postAndMergeCase,
  quantile: async () => (await import('../cases/quantile.js')).quantileCase,
  scrape: async () => (await import('../cases/scrape.js')).scrapeCase,
  formats: async () => (await import('../cases/formats.js')).formatsCase,
  'scrape-http': async () => (await import('../cases/scrape-http.js')).scrapeHttpCase,
  live: async () => (await import('../cases/live.js')).liveCase,
  snapshot: async () => (await import('../cases/snapshot.js')).snapshotCase,
  'worker-registry': async () => (await import('../cases/worker-registry.js')).workerRegistryCase,
  import: async () => (await import('../cases/import.js')).importCase,
  memory: async () => (await import('../cases/memory.js')).memoryCase,
  'end-to-end': async () => (await import('../cases/end-to-end.js')).endToEndCase,
  'growth-by-records': async () => (await import('../cases/growth.js')).growthByRecordsCase,
  'growth-by-engines': async () => (await import('../cases/growth.js')).growthByEnginesCase,
}

/** The cases by name, in the order in which they run. */
export const CASE_NAMES: readonly string[] = Object.keys(LOADERS)

/** @throws Error for an unknown name */
export async function loadCase(name: string): Promise<BenchmarkCase> {
  const loader = LOADERS[name]
  if (loader === undefined) {
    throw new Error(`--case: expected one of ${CASE_NAMES.join(', ')}, got ${name}`)
  }
  return loader()
}
