import type {
  DescribedCommand,
  DescribedOption,
  DescribedProgram,
  Value,
} from './describe-commands.js'
import { quote } from './quote.js'

/** The completion script for zsh, to be sourced or stored in a directory of `$fpath`. */
export function zshScript(program: DescribedProgram): string {
  const { name, commands } = program
  const described = commands.map((command) =>
    quote(`${escapeColons(command.name)}:${escapeColons(command.description)}`),
  )
  return `#compdef ${name}
# Completion of ${name} for zsh.
_${name}() {
  local -a commands=(
    ${described.join('\n    ')}
  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \\
    ${[...program.options.flatMap(specsOf), quote('1: :->command'), quote('*:: :->rest')].join(' \\\n    ')}
  case "$state" in
    command) _describe command commands ;;
    rest)
      case "$line[1]" in
${commands.map(branchOf).join('\n')}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = "_${name}" ]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`
}

function branchOf({ name, options, args }: DescribedCommand): string {
  const specs = [
    ...options.flatMap(specsOf),
    // Arguments without completion are omitted; otherwise zsh would not complete options.
    ...args.flatMap((value, index) =>
      value.kind === 'other' ? [] : [quote(`${index + 1}: :${actionOf(value)}`)],
    ),
  ]
  return `        ${name})
          _arguments \\
            ${specs.join(' \\\n            ')}
          ;;`
}

/** A specification per flag; `=` permits the value in the same word or the next. */
function specsOf({ flags, description, value }: DescribedOption): string[] {
  const text = description.replace(/[[\]\\:]/g, '\\$&')
  const others = flags.length > 1 ? `(${flags.join(' ')})` : ''
  const argument = value === undefined ? '' : `: :${actionOf(value)}`
  return flags.map((flag) =>
    quote(
      `${others}${flag}${value !== undefined && flag.startsWith('--') ? '=' : ''}[${text}]${argument}`,
    ),
  )
}

function actionOf(value: Value): string {
  if (value.kind === 'choices') return `(${value.choices.join(' ')})`
  return value.kind === 'file' ? '_files' : ' '
}

function escapeColons(text: string): string {
  return text.replaceAll(':', '\\:')
}
