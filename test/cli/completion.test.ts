import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Child } from '../support/processes/child.js'
import { COMMAND_FILE, runCommand, temporaryDirectory } from '../support/processes/command.js'
import { skipWithout } from '../support/processes/on-path.js'
import { SKIP_TMUX, TmuxTerminal } from '../support/processes/tmux.js'

/** The text before the key TAB, and the line after it. */
const CASES: readonly (readonly [typed: string, completed: string])[] = [
  ['moonmeter sim', 'moonmeter simulate '],
  ['moonmeter top --win', 'moonmeter top --window'],
  ['moonmeter top --window 15', 'moonmeter top --window 15m '],
  ['moonmeter inspect --format pro', 'moonmeter inspect --format prometheus '],
  ['moonmeter inspect --format=pro', 'moonmeter inspect --format=prometheus '],
  ['moonmeter completion fi', 'moonmeter completion fish '],
  ['moonmeter simulate --trace data/tr', 'moonmeter simulate --trace data/trace\\ one.jsonl '],
  ['moonmeter inspect data/tr', 'moonmeter inspect data/trace\\ one.jsonl '],
  ['moonmeter help ins', 'moonmeter help inspect '],
  ['moonmeter simulate --scenario slow-e', 'moonmeter simulate --scenario slow-engine '],
]
const QUOTED_COMMAND = `'${process.execPath}' '${COMMAND_FILE}'`
const MOONMETER = `moonmeter() { ${QUOTED_COMMAND} "$@"; }`

/** Shells that complete on a key, with the command that starts them without user settings. */
const SHELLS = [
  {
    name: 'bash',
    command: ['bash', '--noprofile', '--norc', '-i'],
    setUp: `PS1='> '; ${MOONMETER}; eval "$(moonmeter completion bash)"; clear`,
  },
  {
    name: 'zsh',
    command: ['zsh', '-f', '-i'],
    setUp:
      `PS1='> '; unsetopt PROMPT_SP; ${MOONMETER}; autoload -U compinit; compinit -D -u; ` +
      'eval "$(moonmeter completion zsh)"; clear',
  },
] as const

for (const { name, command, setUp } of SHELLS) {
  test(`${name} completes commands, options, choices and files`, {
    skip: SKIP_TMUX || skipWithout(name),
  }, async (context) => {
    const directory = directoryWithTrace(context)
    const shell = await TmuxTerminal.start(context, command, { columns: 120 })
    await shell.type(`cd '${directory}'; ${setUp}`)
    await shell.press('Enter')
    await shell.waitFor(/^>\n*$/)
    for (const [typed, completed] of CASES) {
      await shell.type(typed)
      await shell.press('Tab')
      // A further character, since the screen does not show trailing spaces.
      await shell.type('x')
      const expected = new RegExp(`^> ${escaped(completed)}[= ]?x$`, 'm')
      await shell.waitFor(expected)
      await shell.press('C-u', 'C-l')
      await shell.waitFor(/^>\n*$/)
    }
  })
}

test('fish completes commands, options, choices and files', {
  skip: skipWithout('fish'),
}, async (context) => {
  const directory = directoryWithTrace(context)
  const lines = CASES.map(([typed]) => typed)
  const answers = await askFish(context, directory, lines)
  for (const [index, [typed, completed]] of CASES.entries()) {
    const words = completed.trim().split(/(?<!\\) /)
    assert.deepEqual(answers[index], [words.at(-1)?.replaceAll('\\', '')], typed)
  }
})

test('fish offers choices only, and no files that begin as they do', {
  skip: skipWithout('fish'),
}, async (context) => {
  const directory = directoryWithTrace(context)
  for (const name of ['prometheus.yml', 'probe', 'fish.txt', '5m.txt']) {
    writeFileSync(join(directory, name), '')
  }
  assert.deepEqual(
    await askFish(context, directory, [
      'moonmeter inspect --format pro',
      'moonmeter inspect --format=pro',
      'moonmeter top --window 5',
      'moonmeter completion fi',
      'moonmeter serve --nats pro',
      'moonmeter inspect pro',
    ]),
    [['prometheus'], ['--format=prometheus'], ['5m'], ['fish'], [''], ['probe', 'prometheus.yml']],
  )
})

test('an unsupported shell is rejected, with the list of supported ones', async (context) => {
  const { code, stdout, stderr } = await runCommand(context, ['completion', 'tcsh'])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^moonmeter: .*'tcsh' is invalid.*Allowed choices are bash, zsh, fish\.\n$/)
})

/** What fish offers to complete each line. */
async function askFish(
  context: TestContext,
  directory: string,
  typed: readonly string[],
): Promise<string[][]> {
  const asked = typed.map((line) => `complete -C '${line}' | string replace -r '\\t.*' ''; echo @@`)
  const start = [`cd '${directory}'`, `${QUOTED_COMMAND} completion fish | source`]
  const env = { HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory }
  const script = [...start, ...asked].join('\n')
  const fish = new Child(context, 'fish', ['--no-config', '-c', script], { env })
  const { code, stdout, stderr } = await fish.end()
  assert.deepEqual([code, stderr], [0, ''])
  const answers = stdout.split('@@\n').slice(0, -1)
  return answers.map((answer) => answer.trim().split('\n'))
}

function directoryWithTrace(context: TestContext): string {
  const directory = temporaryDirectory(context)
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data', 'trace one.jsonl'), '')
  return directory
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
