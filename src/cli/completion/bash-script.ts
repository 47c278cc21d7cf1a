import type {
  DescribedCommand,
  DescribedOption,
  DescribedProgram,
  Value,
} from './describe-commands.js'
import { quote } from './quote.js'

/** The completion script for bash 3.2, which macOS has, and later. */
export function bashScript(program: DescribedProgram): string {
  const { name, commands } = program
  const names = commands.map((command) => command.name)
  return `# Completion of ${name} for bash.
_${name}_files() {
  compopt -o filenames 2> /dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$current"))
}
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  # '=' is a word of its own.
  if [[ $current == '=' ]]; then
    current=
  elif [[ $previous == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  local command= words= at
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} != -* ]]; then command="\${COMP_WORDS[at]}"; break; fi
  done
  COMPREPLY=()
  case "$command" in
    '') words=${quote([...names, ...flagsOf(program)].join(' '))} ;;
${commands.map((command) => branchOf(command, name)).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${name} ${name}
`
}

function branchOf(command: DescribedCommand, program: string): string {
  const [first] = command.args
  const args = first?.kind === 'choices' ? [...first.choices] : []
  const lines = [
    ...valueBranches(command.options, program),
    ...(first?.kind === 'file'
      ? [`if [[ $current != -* ]]; then _${program}_files; return; fi`]
      : []),
    `words=${quote([...args, ...flagsOf(command)].join(' '))}`,
    ';;',
  ]
  return [`    ${command.name})`, ...lines.map((line) => `      ${line}`)].join('\n')
}

/** The branches that complete the values of options; options with the same values share one. */
function valueBranches(options: readonly DescribedOption[], program: string): string[] {
  const flagsByAction = new Map<string, string[]>()
  for (const { flags, value } of options) {
    if (value === undefined) continue
    const action = actionOf(value, program)
    flagsByAction.set(action, [...(flagsByAction.get(action) ?? []), ...flags])
  }
  if (flagsByAction.size === 0) return []
  return [
    'case "$previous" in',
    ...Array.from(flagsByAction, ([action, flags]) => `  ${flags.join(' | ')}) ${action} ;;`),
    'esac',
  ]
}

function actionOf(value: Value, program: string): string {
  if (value.kind === 'file') return `_${program}_files; return`
  if (value.kind === 'other') return 'return'
  return `COMPREPLY=($(compgen -W ${quote(value.choices.join(' '))} -- "$current")); return`
}

function flagsOf({ options }: DescribedCommand): string[] {
  return options.flatMap(({ flags }) => flags)
}
