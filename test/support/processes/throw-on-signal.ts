import { writeFileSync } from 'node:fs'

/**
 * Preloaded into the command with `--import`: writes its process id to the file `PID_FILE`, and throws
 * an exception that nothing catches at SIGUSR2.
 */

const file = process.env.PID_FILE
if (file !== undefined) writeFileSync(file, String(process.pid))
process.on('SIGUSR2', () => {
  throw new Error('planted failure')
})
