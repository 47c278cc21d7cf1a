import { fileURLToPath } from 'node:url'

/** The folder of `package.json`. The compiled code is three folders below it. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
