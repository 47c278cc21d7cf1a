import { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { BinLayout } from '../stats/bin-layout.js'
import { splitValues } from '../wire/msgpack.js'
import { decodePayload } from '../wire/payload.js'
import { boundsOfReport } from '../wire/report.js'
import type { InspectOptions } from './inspect-command.js'
import { type Input, readInput } from './inspect-input.js'
import { makeSample } from './sample.js'
import { summarize } from './summary.js'
import { formatSummaries, TEXT_ENGINES_MAX } from './summary-tables.js'
import { styleOfOutput } from './terminal.js'
import { countOf } from './units.js'

/**
 * Decodes payloads and prints their sum.
 *
 * @param file to read, or `-` for standard input; not read with the option `--sample`
 * @throws MoonmeterError `FILE_FAILED`; `INVALID_PAYLOAD` with the number of the payload
 */
export async function inspect(
  file: string,
  { format, engine, model, sample }: InspectOptions,
): Promise<void> {
  const input = sample ? { name: 'sample', bytes: makeSample() } : await readInput(file)
  const { bounds } = BinLayout.of(findBounds(input))
  const aggregator = new EngineAggregator({ modelName: model, bounds })
  let count = 0
  for (const { payload, location } of payloadsOf(input)) {
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
  const style = styleOfOutput(process.stdout)
  const output = {
    text: () => formatSummaries(counts, summaries, aggregator.engines.length, style),
    prometheus: () => aggregator.registry.metrics(),
    json: () => `${JSON.stringify({ payloads: count, ...summaries }, undefined, 2)}\n`,
  }
  process.stdout.write(await output[format]())
  await aggregator.close()
}

/**
 * Finds the bucket bounds of the first report, since an exposition has one set of them; undefined
 * for the default. Payloads before it are checked, so that invalid input is rejected early.
 */
function findBounds(input: Input): number[] | undefined {
  for (const { payload, location } of payloadsOf(input)) {
    const bounds = withLocation(location, () => {
      const found = boundsOfReport(payload)
      if (found === undefined) decodePayload(payload)
      return found
    })
    if (bounds !== undefined) return bounds
  }
  return undefined
}

/** Yields the payloads with their location, for messages. */
function* payloadsOf({ name, bytes }: Input) {
  const payloads = splitValues(bytes)
  for (let number = 1; ; number++) {
    const location = `${name}: payload ${number}`
    const { done, value } = withLocation(location, () => payloads.next())
    if (done) return
    yield { payload: value as Buffer, location }
  }
}

/** Adds the location of the payload to the messages of errors. */
function withLocation<Value>(location: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof MoonmeterError)) throw cause
    throw new MoonmeterError(cause.code, `${location}: ${cause.message}`, { cause })
  }
}
