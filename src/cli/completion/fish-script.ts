import type { DescribedOption, DescribedProgram, Value } from './describe-commands.js'

/** The completion script for fish, 3.0 and later. */
export function fishScript(program: DescribedProgram): string {
  const { name, commands } = program
  const lines = [
    `# Completion of ${name} for fish.`,
    `complete -c ${name} -f`,
    ...program.options.map((option) => optionLine(name, '__fish_use_subcommand', option)),
  ]
  for (const command of commands) {
    const isCommand = `__fish_seen_subcommand_from ${command.name}`
    lines.push(
      `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
      ...command.options.map((option) => optionLine(name, quote(isCommand), option)),
      ...command.args.flatMap((value) => {
        const flags = valueFlags(value)
        return flags === '' ? [] : [`complete -c ${name} -n ${quote(isCommand)}${flags}`]
      }),
    )
  }
  return `${lines.join('\n')}\n`
}

function optionLine(
  name: string,
  condition: string,
  { flags, description, value }: DescribedOption,
): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  )
  const argument = value === undefined ? '' : `${requiredFlag(value)}${valueFlags(value)}`
  return `complete -c ${name} -n ${condition}${names.join('')}${argument} -d ${quote(description)}`
}

/** `-r` also offers files, in spite of the `-f` of the command; `-x` does not. */
function requiredFlag({ kind }: Value): string {
  return kind === 'file' ? ' -r' : ' -x'
}

function valueFlags(value: Value): string {
  if (value.kind === 'choices') return ` -a ${quote(value.choices.join(' '))}`
  return value.kind === 'file' ? ' -F' : ''
}

/** Quotes a word for fish, in which a backslash is also an escape within quotes. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
