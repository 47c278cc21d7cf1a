import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of an executable program with a name; undefined if there is none. */
export function findOnPath(name: string): string | undefined {
  const files = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name))
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Whether a program of that name can be started. */
export function isOnPath(name: string): boolean {
  return findOnPath(name) !== undefined
}

/** The reason to skip a test that needs a program; false if it runs. In CI, no test is skipped. */
export function skipWithout(name: string): string | false {
  return isOnPath(name) || process.env.CI === 'true' ? false : `${name} is absent`
}
