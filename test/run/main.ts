import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findNode, NODE_MAJORS, OWN_MAJOR } from '../nodes/find-node.js'
import { modesOf } from './modes.js'
import { runGroup } from './run-group.js'
import { testFiles } from './test-files.js'

/**
 * Runs the compiled tests: `main.js [--fast | --slow | --modes] [--node MAJOR | all | others]...`, by default
 * on the Node that runs this. All are run, whatever fails; the exit code is 1 if any did.
 */

const FAILED_TESTS = fileURLToPath(new URL('failed-tests.cjs', import.meta.url))
/** A test that takes longer fails. */
const TEST_MS_MAX = 240_000
/** A group of files that takes longer is killed. */
const GROUP_MS_MAX = 600_000
/** Additional files at a time, since most tests wait for half of their time. */
const WAITING_FILES = 2
/** Lives per mode, unless MOONMETER_INCARNATIONS says otherwise. */
const MODE_LIVES = '12'
/** Modes that run at a time: their lives wait for half of the time. */
const MODES_AT_ONCE = 2
const LIVES_FILE = fileURLToPath(new URL('../chaos/incarnations.test.js', import.meta.url))

const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    slow: { type: 'boolean', default: false },
    modes: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [String(OWN_MAJOR)] },
  },
})
const failed: string[] = []
const failures: string[] = []
const directory = mkdtempSync(join(tmpdir(), 'moonmeter-tests-'))
for (const major of values.node.flatMap(majorsOf)) {
  const node = findNode(major)
  if ('missing' in node) failed.push(node.missing)
  else if (values.modes) await runModes(major, node.execPath)
  else await runFiles(major, node.execPath)
}
rmSync(directory, { recursive: true })
// Errors are at the end, where a truncated output still has them.
process.stderr.write(failures.join(''))
for (const line of failed) console.error(`FAILED: ${line}`)
process.exitCode = failed.length === 0 ? 0 : 1

function majorsOf(text: string): readonly number[] {
  if (text === 'all') return NODE_MAJORS
  if (text === 'others') return NODE_MAJORS.filter((major) => major !== OWN_MAJOR)
  return [Number(text)]
}

async function runFiles(major: number, execPath: string): Promise<void> {
  const isEdge = major === Math.min(...NODE_MAJORS) || major === Math.max(...NODE_MAJORS)
  const selection = values.fast ? 'fast' : values.slow ? 'slow' : 'all'
  const { together, alone } = testFiles(selection, isEdge)
  const groups = [
    ['tests beside each other', availableParallelism() + WAITING_FILES, together],
    ['tests alone', 1, alone],
  ] as const
  for (const [what, concurrency, files] of groups) {
    const file = join(directory, `${major} ${what}`)
    const reporters = [
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...[`--test-reporter=${FAILED_TESTS}`, `--test-reporter-destination=${file}`],
    ]
    const limits = [`--test-timeout=${TEST_MS_MAX}`, `--test-concurrency=${concurrency}`]
    const args = ['--test', ...reporters, ...limits, ...files]
    await report(`${what} on Node ${major}`, () =>
      runGroup(execPath, args, { msMax: GROUP_MS_MAX }),
    )
    if (existsSync(file)) failures.push(readFileSync(file, 'utf8'))
  }
}

/** Flags of V8 apply to a whole process, so the file is run directly, not by `--test`. */
async function runModes(major: number, execPath: string): Promise<void> {
  const env = { MOONMETER_INCARNATIONS: MODE_LIVES, ...process.env }
  // `npm run test:chaos` runs this Node without flags.
  const left = modesOf(execPath).filter((flags) => major !== OWN_MAJOR || flags.length > 0)
  const runSome = async () => {
    for (let flags = left.shift(); flags !== undefined; flags = left.shift()) {
      const args = [...flags, '--test-reporter=spec', LIVES_FILE]
      await report(['lives on Node', major, ...flags].join(' '), () =>
        runGroup(execPath, args, { env, msMax: TEST_MS_MAX }),
      )
    }
  }
  await Promise.all(Array.from({ length: MODES_AT_ONCE }, runSome))
}

async function report(what: string, run: () => Promise<string | undefined>): Promise<void> {
  console.log(`# ${what}`)
  const startMs = performance.now()
  const failure = await run()
  console.log(`# ${what}: ${((performance.now() - startMs) / 1e3).toFixed(1)} s`)
  if (failure !== undefined) failed.push(`${what} (${failure})`)
}
