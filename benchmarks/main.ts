import { type Arguments, readArguments, USAGE } from './harness/arguments.js'
import type { BenchmarkCase } from './harness/benchmark-case.js'
import { loadCase } from './harness/load-case.js'
import { lossLines } from './harness/losses.js'
import { caseTable, targetTable } from './harness/markdown.js'
import { NODE_TABLE_TITLE, nodeTable } from './harness/node-table.js'
import { noiseLines } from './harness/noise.js'
import type { Results } from './harness/results.js'
import { runRounds } from './harness/rounds.js'
import { checkTargets } from './harness/targets.js'
import { writeResults } from './harness/write-results.js'

const MS_PER_SECOND = 1e3
/**
 * How often the cases of missed targets are measured again. The load of a shared machine changes
 * within minutes, but a regression is permanent.
 */
const REPEATS_MAX = 2

const print = (text: string) => process.stdout.write(`${text}\n`)

const options = parseArguments()
if (options !== undefined) process.exitCode = await main(options)

function parseArguments(): Arguments | undefined {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

async function main(options: Arguments): Promise<number> {
  const { quick, rounds, margin } = options
  const start = performance.now()
  const cases = await Promise.all(options.cases.map(loadCase))
  const calibration = await loadCase('calibration')
  const scale = { quick }
  const { execPath } = options
  const plan = { cases, scale, rounds, calibration, execPath, onProgress: print }
  const results = await runRounds(plan)
  const missedTargets = () => checkTargets(results, margin).filter(({ met }) => !met)
  for (let repeat = 0; quick && repeat < REPEATS_MAX; repeat++) {
    const again = new Set(missedTargets().map(({ target }) => target.benchmark))
    if (again.size === 0) break
    print(`targets missed; measuring again: ${[...again].join(', ')}`)
    await runRounds({ ...plan, cases: cases.filter(({ name }) => again.has(name)) }, results)
  }
  for (const benchmark of cases) printCase(benchmark, results)
  const byNode = nodeTable(results)
  if (byNode !== undefined) print(`\n## ${NODE_TABLE_TITLE}\n\n${byNode}`)
  const losses = lossLines(cases, results)
  if (losses.length > 0) print(`\nwhere we lose:\n${losses.map((line) => `- ${line}`).join('\n')}`)
  print(`\n${targetTable(checkTargets(results, 1))}\n`)
  print(noiseLines(results).join('\n'))
  print(`${((performance.now() - start) / MS_PER_SECOND).toFixed(0)} s`)
  if (!quick) {
    // Results are written only when all cases ran.
    const files = options.complete ? writeResults(cases, results) : []
    for (const file of files) print(`wrote ${file}`)
    return 0
  }
  const missed = missedTargets()
  for (const { target, value } of missed) {
    const expected = `${target.direction} ${target.limit} ${target.unit}`
    print(`MISSED ${target.what}: expected ${expected} (margin ${margin} ×), got ${value}`)
  }
  return missed.length === 0 ? 0 : 1
}

function printCase(benchmark: BenchmarkCase, results: Results): void {
  const [first] = benchmark.variants
  if (first === undefined) return
  const measured = results.raw.some((result) => result.case === benchmark.name)
  if (measured) print(`\n## ${benchmark.title}\n\n${caseTable(benchmark, results)}`)
}
