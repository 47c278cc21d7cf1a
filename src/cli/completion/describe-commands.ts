import type { Command, Option } from 'commander'
import type { NameParser } from '../option-parsers.js'

/** The value of an option or an argument. */
export type Value =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'file' }
  /** Any other value, which a shell cannot complete. */
  | { readonly kind: 'other' }

/** An option of a command. */
export interface DescribedOption {
  /** The flags, such as `--help` and `-h`. */
  readonly flags: readonly string[]
  readonly description: string
  /** The value of the option; undefined without one. */
  readonly value: Value | undefined
}

/** The description of a command for completion scripts. */
export interface DescribedCommand {
  readonly name: string
  readonly description: string
  readonly options: readonly DescribedOption[]
  readonly args: readonly Value[]
}

/** The description of a program and its commands. */
export interface DescribedProgram extends DescribedCommand {
  readonly commands: readonly DescribedCommand[]
}

/** Describes a program and its commands, from commander's help. */
export function describeCommands(program: Command): DescribedProgram {
  const commands = program.createHelp().visibleCommands(program)
  const described = commands.map(describe)
  return {
    ...describe(program),
    // The argument of `help` is a command.
    commands: described.map((command) =>
      command.name === 'help'
        ? { ...command, args: [{ kind: 'choices', choices: commands.map(nameOf) }] }
        : command,
    ),
  }
}

function describe(command: Command): DescribedCommand {
  return {
    name: command.name(),
    description: firstWords(command.description()),
    options: command.createHelp().visibleOptions(command).map(describeOption),
    args: command.registeredArguments.map((argument) =>
      valueNamed(argument.name(), argument.argChoices),
    ),
  }
}

function describeOption(option: Option): DescribedOption {
  const { long, short, description, flags, required, optional } = option
  return {
    flags: [long, short].filter((flag) => flag !== undefined && flag !== null),
    description: firstWords(description),
    value: required || optional ? valueNamed(placeholderOf(flags), choicesOf(option)) : undefined,
  }
}

function choicesOf({ argChoices, parseArg }: Option): readonly string[] | undefined {
  return argChoices ?? (parseArg as Partial<NameParser<string>> | undefined)?.choices
}

function valueNamed(name: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { kind: 'choices', choices }
  return { kind: name === 'file' ? 'file' : 'other' }
}

function placeholderOf(flags: string): string {
  return /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? ''
}

/** The first words of a description, since shells have little space for it. */
function firstWords(text: string): string {
  const [first = ''] = text.split(/[;:.] | \(/)
  return first.replace(/\.$/, '')
}

function nameOf(command: Command): string {
  return command.name()
}
