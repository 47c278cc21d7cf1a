import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { typedEntries } from './entries.js'
import { extractEntry } from './extract-entry.js'
import { REFERENCE, REPORTS } from './files.js'
import { renderReference } from './reference.js'

/** Updates the reports and the reference from the code; run by `npm run api`. */
const folder = mkdtempSync(join(tmpdir(), 'moonmeter-api-'))
const entries = typedEntries().map((entry) => extractEntry(entry, folder))
rmSync(folder, { recursive: true })
for (const { entry, report } of entries)
  writeFileSync(join(REPORTS, `${entry.name}.api.md`), report)
writeFileSync(REFERENCE, renderReference(entries))
for (const { problems } of entries) for (const problem of problems) console.error(problem)
process.exitCode = entries.some(({ problems }) => problems.length > 0) ? 1 : 0
