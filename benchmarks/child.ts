import { loadCase } from './harness/load-case.js'

// Runs one variant of one case in this process: `child.js CASE VARIANT quick|full`.
const [name = '', variant = '', scale] = process.argv.slice(2)
const measures = await (await loadCase(name)).run(variant, { quick: scale === 'quick' })
process.stdout.write(`${JSON.stringify(measures)}\n`, () => process.exit())
