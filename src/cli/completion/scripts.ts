import type { Shell } from '../completion-command.js'
import { bashScript } from './bash-script.js'
import type { DescribedProgram } from './describe-commands.js'
import { fishScript } from './fish-script.js'
import { zshScript } from './zsh-script.js'

/** The function that creates the script of each shell. */
export const SCRIPTS: Readonly<Record<Shell, (program: DescribedProgram) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}
