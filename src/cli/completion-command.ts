import { Argument, Command } from 'commander'
import { examples } from './help.js'

/** The shells that a completion can be written for. */
const SHELLS = ['bash', 'zsh', 'fish'] as const

/** One of these shells. */
export type Shell = (typeof SHELLS)[number]

/**
 * Creates the command `moonmeter completion`.
 *
 * @param program whose commands and options are completed
 */
export function completionCommand(program: Command): Command {
  return (
    new Command('completion')
      .description('Print a script that completes commands, options and choices in a shell.')
      .addArgument(new Argument('<shell>', 'the shell that runs the script').choices(SHELLS))
      .addHelpText(
        'after',
        examples([
          ['eval "$(moonmeter completion bash)"', 'in ~/.bashrc'],
          ['eval "$(moonmeter completion zsh)"', 'in ~/.zshrc, after compinit'],
          ['moonmeter completion fish | source', 'in ~/.config/fish/config.fish'],
        ]),
      )
      // Loaded only now, as the other commands are.
      .action(async (shell: Shell) => {
        const { describeCommands } = await import('./completion/describe-commands.js')
        const { SCRIPTS } = await import('./completion/scripts.js')
        process.stdout.write(SCRIPTS[shell](describeCommands(program)))
      })
  )
}
