import type { DescribedCommand, DescribedProgram, Value } from './describe-commands.js'
import { quote } from './quote.js'

/** The completion script for bash, 3.2 and later: that of macOS is as old. */
export function bashScript(program: DescribedProgram): string {
  const { name, commands } = program
  const names = commands.map((command) => command.name)
  return `# Completion of ${name} for bash.
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  # '=' is a word of its own.
  if [[ $current == '=' ]]; then
    current=
  elif [[ $previous == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  local command= word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    if [[ $word != -* ]]; then command=$word; break; fi
  done
  local words=
  case "$command" in
${commands.map(branchOf).join('\n')}
    '') words=${quote([...names, ...flagsOf(program)].join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${name} ${name}
`
}

function branchOf(command: DescribedCommand): string {
  const cases = command.options.flatMap(({ flags, value }) =>
    value === undefined ? [] : [`        ${flags.join(' | ')}) ${completionOf(value)} ;;`],
  )
  const [first] = command.args
  const args = first?.kind === 'choices' ? [...first.choices] : []
  const words = quote([...args, ...flagsOf(command)].join(' '))
  const files = first?.kind === 'file' ? `\n      if [[ $current != -* ]]; then ${FILES}; fi` : ''
  return `    ${command.name})
      case "$previous" in
${[...cases, '        *) ;;'].join('\n')}
      esac${files}
      words=${words}
      ;;`
}

const FILES = `compopt -o filenames 2> /dev/null
        COMPREPLY=($(compgen -f -- "$current")); return`

function completionOf(value: Value): string {
  if (value.kind === 'file') return FILES
  if (value.kind === 'other') return 'COMPREPLY=(); return'
  return `COMPREPLY=($(compgen -W ${quote(value.choices.join(' '))} -- "$current")); return`
}

function flagsOf({ options }: DescribedCommand): string[] {
  return options.flatMap(({ flags }) => flags)
}
