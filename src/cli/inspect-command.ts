import { Command, Option } from 'commander'
import { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { BinLayout } from '../stats/bin-layout.js'
import { splitValues } from '../wire/msgpack.js'
import { decodePayload } from '../wire/payload.js'
import { boundsOfReport } from '../wire/report.js'
import { readFile } from './files.js'
import { countOf } from './format.js'
import { countHexDigits, decodeHex } from './hex.js'
import { integerFrom } from './option-parsers.js'
import { formatSummaries, summarize, TEXT_ENGINES_MAX } from './summary.js'

const FORMATS = ['text', 'prometheus', 'json'] as const

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
  const { bounds } = BinLayout.of(findBounds(file, bytes))
  const aggregator = new EngineAggregator({ modelName: model, bounds })
  let count = 0
  for (const { payload, location } of payloadsOf(file, bytes)) {
    count++
    withLocation(location, () => {
      const { kind } = decodePayload(payload, { stats: { bounds } })
      // A report has the index of its engine; rows have none.
      const result = aggregator.ingest(payload, kind === 'report' ? {} : { engine })
      if (!result.accepted) throw result.error
    })
  }
  const summaries = summarize(aggregator, format === 'json' ? undefined : TEXT_ENGINES_MAX)
  const { rows } = aggregator.stats()
  const counts = `${countOf(count, 'payload')}, ${countOf(rows, 'row')}`
  const output = {
    text: () => formatSummaries(counts, summaries, aggregator.engines.length),
    prometheus: () => aggregator.registry.metrics(),
    json: () => `${JSON.stringify({ payloads: count, ...summaries }, undefined, 2)}\n`,
  }
  process.stdout.write(await output[format]())
  await aggregator.close()
}

/**
 * Finds the bucket bounds of the first report, since an exposition has one set of them; undefined
 * for the default. Payloads before it are checked, so that what holds none is refused at once.
 */
function findBounds(file: string, bytes: Buffer): number[] | undefined {
  for (const { payload, location } of payloadsOf(file, bytes)) {
    const bounds = withLocation(location, () => {
      const found = boundsOfReport(payload)
      if (found === undefined) decodePayload(payload)
      return found
    })
    if (bounds !== undefined) return bounds
  }
  return undefined
}

/** Yields the payloads with where they are, for messages. */
function* payloadsOf(file: string, bytes: Buffer) {
  const payloads = splitValues(bytes)
  for (let number = 1; ; number++) {
    const location = `${file}: payload ${number}`
    const { done, value } = withLocation(location, () => payloads.next())
    if (done) return
    yield { payload: value as Buffer, location }
  }
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
  // A MessagePack map begins with a byte that is no hex digit.
  const digits = countHexDigits(content)
  if (digits === undefined) return content
  if (digits % 2 === 0) return decodeHex(content, digits)
  throw new MoonmeterError(
    'INVALID_PAYLOAD',
    `${file}: expected two hex digits per byte, got ${digits} digits`,
  )
}
