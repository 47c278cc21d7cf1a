import { join } from 'node:path'
import { ROOT } from '../packed.js'

/** The folder of the reports, in the sources and not in the compiled code. */
export const REPORTS = join(ROOT, 'test/package/api')
/** The reference of all entries; it is published with the package. */
export const REFERENCE = join(ROOT, 'src/API.md')
