import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { EngineAggregator } from '../aggregator/engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { splitValues, unpack } from '../wire/msgpack.js'
import { decodePayload } from '../wire/payload.js'
import { boundsOfReport } from '../wire/report.js'
import { countOf } from './format.js'
import { integerFrom } from './option-parsers.js'
import { summarize, summarizeOperations, summaryTable } from './summary.js'

const FORMATS = ['text', 'prometheus', 'json'] as const
const STANDARD_INPUT = 0
/** Text of hex digits; MessagePack of a map begins with a byte that is none. */
const HEX = /^[\s0-9a-fA-F]*$/

interface Flags {
  readonly format: (typeof FORMATS)[number]
  readonly engine: number
  readonly model: string
}

/** `moonmeter inspect`. */
export function inspectCommand(): Command {
  const engine = new Option('--engine <n>', 'engine of payloads that name none')
  return new Command('inspect')
    .description('Decode captured payloads: binary or hex, one or many in a row.')
    .argument('[file]', 'file to read, or - for standard input', '-')
    .addOption(new Option('--format <f>', 'what to print').choices(FORMATS).default('text'))
    .addOption(engine.argParser(integerFrom(0, Number.MAX_SAFE_INTEGER)).default(0))
    .option('--model <name>', 'value of the model_name label', 'unknown')
    .action((file: string, flags: Flags) => inspect(file, flags))
}

async function inspect(file: string, { format, engine, model }: Flags): Promise<void> {
  const bytes = readBytes(file)
  const payloads = located(file, () => splitValues(bytes))
  // One exposition has one set of bounds: those of the first report, where there is one.
  const bounds = firstOf(payloads, (payload) => boundsOfReport(unpack(payload)))
  const layout = bounds === undefined ? DEFAULT_LAYOUT : new CellLayout(bounds)
  const aggregator = new EngineAggregator({ modelName: model, bounds: layout.bounds })
  for (const [index, payload] of payloads.entries()) {
    // A report says itself whose it is; the option is for payloads that do not.
    const where = `${file}: payload ${index + 1} of ${payloads.length}`
    const { kind } = located(where, () => decodePayload(payload, { layout }))
    const result = aggregator.ingest(payload, kind === 'report' ? {} : { engine })
    if (!result.accepted) located(where, () => raise(result.error))
  }
  process.stdout.write(await render(aggregator, payloads.length, format))
  await aggregator.close()
}

function firstOf<From, To>(
  items: readonly From[],
  read: (item: From) => To | undefined,
): To | undefined {
  for (const item of items) {
    const value = read(item)
    if (value !== undefined) return value
  }
  return undefined
}

/** Say in errors which input they are of. */
function located<Value>(where: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof MoonmeterError)) throw cause
    throw new MoonmeterError(cause.code, `${where}: ${cause.message}`, { cause })
  }
}

function raise(error: MoonmeterError): never {
  throw error
}

async function render(
  aggregator: EngineAggregator,
  payloads: number,
  format: Flags['format'],
): Promise<string> {
  if (format === 'prometheus') return aggregator.registry.metrics()
  const stats = aggregator.stats()
  const operations = summarizeOperations(stats)
  const engines = aggregator.engines.map(
    (index) => [String(index), summarize(aggregator.stats(index).total())] as const,
  )
  if (format === 'json') {
    const numbers = { payloads, operations, engines: Object.fromEntries(engines) }
    return `${JSON.stringify(numbers, undefined, 2)}\n`
  }
  return [
    `${countOf(payloads, 'payload')}, ${countOf(stats.rows, 'row')}`,
    summaryTable('operation', Object.entries(operations)),
    `${summaryTable('engine', engines)}\n`,
  ].join('\n\n')
}

function readBytes(file: string): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(file === '-' ? STANDARD_INPUT : file)
  } catch (cause) {
    const { message } = cause as Error
    throw new MoonmeterError(
      'FILE_FAILED',
      `${file}: expected a file that can be read, got ${message}`,
      { cause },
    )
  }
  const text = bytes.toString('latin1')
  if (!HEX.test(text)) return bytes
  const digits = text.replace(/\s/g, '')
  if (digits.length % 2 === 0) return Buffer.from(digits, 'hex')
  throw new MoonmeterError(
    'INVALID_PAYLOAD',
    `${file}: expected two hex digits a byte, got ${digits.length} digits`,
  )
}
