import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor'
import { ROOT } from '../packed.js'
import type { ApiItem } from './api-item.js'
import type { Entry } from './entries.js'

/** The results of API Extractor for the declarations of an entry. */
export interface ExtractedEntry {
  readonly entry: Entry
  /** The declarations without their docstrings. A change of this text is a change of the API. */
  readonly report: string
  /** The exports, with docstrings. */
  readonly items: readonly ApiItem[]
  /** Docstrings that are missing or malformed, with their places. */
  readonly problems: readonly string[]
}

const { none, error, warning } = {
  none: { logLevel: ExtractorLogLevel.None },
  error: { logLevel: ExtractorLogLevel.Error },
  warning: { logLevel: ExtractorLogLevel.Warning },
}
const MESSAGES = {
  compilerMessageReporting: { default: error },
  extractorMessageReporting: {
    default: error,
    'ae-undocumented': error,
    // Every export is public; internal members are removed from the declarations.
    'ae-missing-release-tag': none,
    // Types that exports refer to are part of the report.
    'ae-forgotten-export': none,
  },
  tsdocMessageReporting: { default: error, 'tsdoc-param-tag-missing-hyphen': none },
}
const PROBLEMS: readonly string[] = [error.logLevel, warning.logLevel]

/**
 * Reads the built declarations of an entry.
 *
 * @param folder for the output of API Extractor
 */
export function extractEntry(entry: Entry, folder: string): ExtractedEntry {
  const reportFileName = `${entry.name}.api.md`
  const apiJsonFilePath = join(folder, `${entry.name}.api.json`)
  mkdirSync(folder, { recursive: true })
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: entry.types,
      compiler: { overrideTsconfig: tsconfigOf(entry) },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName,
        reportFolder: folder,
        reportTempFolder: join(folder, 'temporary'),
      },
      docModel: { enabled: true, includeForgottenExports: true, apiJsonFilePath },
      messages: MESSAGES,
    },
    configObjectFullPath: join(ROOT, 'api-extractor.json'),
    packageJson: { name: entry.name },
    packageJsonFullPath: join(ROOT, 'package.json'),
  })
  const problems: string[] = []
  const messageCallback = (message: ExtractorMessage) => {
    message.handled = true
    if (PROBLEMS.includes(message.logLevel) && message.category !== 'console') {
      problems.push(message.formatMessageWithLocation(ROOT))
    }
  }
  Extractor.invoke(config, { localBuild: true, messageCallback })
  const { members } = JSON.parse(readFileSync(apiJsonFilePath, 'utf8')) as ApiItem
  const report = readFileSync(join(folder, reportFileName), 'utf8')
  return { entry, report, items: members?.[0]?.members ?? [], problems }
}

function tsconfigOf({ types }: Entry): object {
  const options = { target: 'es2023', lib: ['es2023'], types: ['node'], skipLibCheck: true }
  return { compilerOptions: { ...options, strict: true, module: 'nodenext' }, files: [types] }
}
