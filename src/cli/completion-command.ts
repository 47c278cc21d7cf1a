import { Argument, Command } from 'commander'
import { examples } from './help.js'

/** The shells with a completion script. */
const SHELLS = ['bash', 'zsh', 'fish'] as const

/** One of these shells. */
export type Shell = (typeof SHELLS)[number]

/**
 * Creates the command `moonmeter completion`.
 *
 * @param program the program to complete
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
      // Loaded on demand, since --help does not need it.
      .action(async (shell: Shell) => {
        const { describeCommands } = await import('./completion/describe-commands.js')
        const { SCRIPTS } = await import('./completion/scripts.js')
        process.stdout.write(SCRIPTS[shell](describeCommands(program)))
      })
  )
}
