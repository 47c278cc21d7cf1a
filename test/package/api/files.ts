import { join } from 'node:path'
import { ROOT } from '../packed.js'

/** Where the reports of the entries are; the compiled code is elsewhere. */
export const REPORTS = join(ROOT, 'test/package/api')
/** The reference of all entries, which is part of the package. */
export const REFERENCE = join(ROOT, 'src/API.md')
