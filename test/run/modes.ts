import { execFileSync } from 'node:child_process'

/** The compilers of V8, each with its flag and the name of its option. */
const MODES = [
  ['--jitless', 'jitless'],
  ['--no-opt', 'opt'],
  ['--always-sparkplug', 'always-sparkplug'],
  ['--stress-maglev', 'stress-maglev'],
] as const

/** The flags of each mode that a Node supports; the first mode has no flags. */
export function modesOf(execPath: string): (readonly string[])[] {
  const options = execFileSync(execPath, ['--v8-options'], { encoding: 'utf8' })
  const known = new Set(Array.from(options.matchAll(/^ {2}--(\S+)/gm), ([, name]) => name))
  return [[], ...MODES.filter(([, option]) => known.has(option)).map(([flag]) => [flag])]
}
