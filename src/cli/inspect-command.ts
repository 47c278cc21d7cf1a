import { Command, Option } from 'commander'
import { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { BinLayout } from '../stats/bin-layout.js'
import { splitValues } from '../wire/msgpack.js'
import { decodePayload } from '../wire/payload.js'
import { boundsOfReport } from '../wire/report.js'
import { readFile } from './files.js'
import { countOf } from './format.js'
import { integerFrom } from './option-parsers.js'
import { formatSummaries, summarize } from './summary.js'

const FORMATS = ['text', 'prometheus', 'json'] as const
/** Hex digits; a MessagePack map begins with a byte that is none. */
const HEX = /^[\s0-9a-fA-F]*$/

interface InspectOptions {
  readonly format: (typeof FORMATS)[number]
  readonly engine: number
  readonly model: string
}

/** Creates the command `moonmeter inspect`. */
export function inspectCommand(): Command {
  const format = new Option('--format <f>', 'output format')
  return new Command('inspect')
    .description('Decode captured payloads: one or several concatenated ones, binary or in hex.')
    .argument('[file]', 'file to read, or - for standard input', '-')
    .addOption(format.choices(FORMATS).default('text'))
    .option(
      '--engine <n>',
      'engine index for payloads without one',
      integerFrom(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .option('--model <name>', 'value of the model_name label', 'unknown')
    .action(inspect)
}

async function inspect(file: string, options: InspectOptions): Promise<void> {
  const { format, engine, model } = options
  const bytes = readBytes(file)
  const payloads = withLocation(file, () => splitValues(bytes))
  // An exposition has one set of bucket bounds: that of the first report, or else the default.
  const bounds = withLocation(file, () =>
    payloads.map(boundsOfReport).find((found) => found !== undefined),
  )
  const layout = BinLayout.of(bounds)
  const aggregator = new EngineAggregator({ modelName: model, bounds: layout.bounds })
  for (const [index, payload] of payloads.entries()) {
    withLocation(`${file}: payload ${index + 1} of ${payloads.length}`, () => {
      const { kind } = decodePayload(payload, { stats: { bounds: layout.bounds } })
      // A report has the index of its engine; rows have none.
      const result = aggregator.ingest(payload, kind === 'report' ? {} : { engine })
      if (!result.accepted) throw result.error
    })
  }
  const summaries = summarize(aggregator)
  const { rows } = aggregator.stats()
  const counts = `${countOf(payloads.length, 'payload')}, ${countOf(rows, 'row')}`
  const output = {
    text: () => formatSummaries(counts, summaries),
    prometheus: () => aggregator.registry.metrics(),
    json: () => `${JSON.stringify({ payloads: payloads.length, ...summaries }, undefined, 2)}\n`,
  }
  process.stdout.write(await output[format]())
  await aggregator.close()
}

/** Prefixes the messages of errors with the input that they are about. */
function withLocation<Value>(location: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof MoonmeterError)) throw cause
    throw new MoonmeterError(cause.code, `${location}: ${cause.message}`, { cause })
  }
}

/** Reads a file, and decodes it if it is in hex. */
function readBytes(file: string): Buffer {
  const content = readFile(file, file)
  const text = content.toString('latin1')
  if (!HEX.test(text)) return content
  const digits = text.replace(/\s/g, '')
  if (digits.length % 2 === 0) return Buffer.from(digits, 'hex')
  throw new MoonmeterError(
    'INVALID_PAYLOAD',
    `${file}: expected two hex digits per byte, got ${digits.length} digits`,
  )
}
