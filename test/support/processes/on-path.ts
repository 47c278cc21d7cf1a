import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a program of that name can be started. */
export function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Why a test that needs a program is skipped; false if it is not. With `CI` set, none is. */
export function skipWithout(name: string): string | false {
  return isOnPath(name) || process.env.CI === 'true' ? false : `${name} is absent`
}
