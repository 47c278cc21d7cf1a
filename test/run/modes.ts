import { execFileSync } from 'node:child_process'

/** Ways of V8 to run code, each by the flag for it and the name of its option. */
const MODES = [
  ['--jitless', 'jitless'],
  ['--no-opt', 'opt'],
  ['--always-sparkplug', 'always-sparkplug'],
  ['--stress-maglev', 'stress-maglev'],
] as const

/** The flags of those modes that a Node knows, after no flag at all. */
export function modesOf(execPath: string): (readonly string[])[] {
  const options = execFileSync(execPath, ['--v8-options'], { encoding: 'utf8' })
  const known = new Set(Array.from(options.matchAll(/^ {2}--(\S+)/gm), ([, name]) => name))
  return [[], ...MODES.filter(([, option]) => known.has(option)).map(([flag]) => [flag])]
}
