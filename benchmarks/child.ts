import { loadCase } from './harness/load-case.js'

// One variant of one case, in a process that does nothing else: `child.js CASE VARIANT quick|full`.
const [name = '', variant = '', scale] = process.argv.slice(2)
const measures = await (await loadCase(name)).run(variant, { quick: scale === 'quick' })
process.stdout.write(`${JSON.stringify(measures)}\n`, () => process.exit())
