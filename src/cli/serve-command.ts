import { Command, Option } from 'commander'
import { addFleetOptions, type FleetOptions } from './fleet-options.js'
import { examples } from './help.js'
import { integerFrom, numberFrom, parseListen, parseText } from './option-parsers.js'
import type { ListenAddress } from './resolve-host.js'
import type { SecretFiles } from './secrets.js'
import { LOG_FORMATS, type LogFormat } from './simulation-options.js'

const LISTEN = '127.0.0.1:9464'
const KEPT_ENDED_SECONDS = 3_600
const KEPT_ENDED_SECONDS_MAX = 10 * 365 * 86_400
const ENGINES_MAX = { fallback: 4_096, max: 1_000_000 }
const SERIES_MAX = { fallback: 65_536, max: 2 ** 24 }
const SILENT_SECONDS = { fallback: 3, min: 0.1, max: 86_400 }

/** The options of `moonmeter serve`, as commander parses them. */
export interface ServeOptions extends FleetOptions, SecretFiles {
  readonly nats: string
  readonly keptEnded: number
  readonly enginesMax: number
  readonly seriesMax: number
  readonly silentAfter: number
  readonly nativeHistograms?: true
  readonly model: string
  readonly listen: ListenAddress
  readonly payloadsTokenFile?: string
  readonly payloadsSubject?: string
  readonly log?: string
  readonly logFormat: LogFormat
}

/** Creates the command `moonmeter serve`. */
export function serveCommand(): Command {
  const listen = new Option('--listen <host:port>', 'address to serve /metrics on')
  const logFormat = new Option('--log-format <f>', 'format of the log')
  const command = new Command('serve')
    .description(
      'Serve the metrics of a fleet, whose engines report to a bucket of NATS, and at /sd the ' +
        'instances to scrape.',
    )
    .requiredOption('--nats <url>', 'addresses of NATS servers, separated by commas', parseText)
  return (
    addFleetOptions(command)
      .option(
        '--kept-ended <s>',
        'seconds for which entries of ended incarnations are kept',
        numberFrom(1, KEPT_ENDED_SECONDS_MAX),
        KEPT_ENDED_SECONDS,
      )
      .option(
        '--engines-max <n>',
        'maximum engines of all instances; reports of further ones are rejected',
        integerFrom(1, ENGINES_MAX.max),
        ENGINES_MAX.fallback,
      )
      .option(
        '--series-max <n>',
        'maximum series (operation and status) of all engines; rows of further ones count as other',
        integerFrom(1, SERIES_MAX.max),
        SERIES_MAX.fallback,
      )
      .option(
        '--silent-after <s>',
        'seconds without a report after which an engine is not up',
        numberFrom(SILENT_SECONDS.min, SILENT_SECONDS.max),
        SILENT_SECONDS.fallback,
      )
      .option('--native-histograms', 'add native histograms to the protobuf format')
      .option('--model <name>', 'value of the model_name label', 'llama-3-70b')
      .addOption(listen.argParser(parseListen).default(parseListen(LISTEN), LISTEN))
      .option('--bearer-token-file <file>', 'require the bearer token in this file for /metrics')
      .option(
        '--basic-auth-file <file>',
        "require the 'user:password' in this file for /metrics, or the bearer token",
      )
      .option(
        '--payloads-token-file <file>',
        'accept payloads of vLLM by POST /v1/payloads/ENGINE with the bearer token in this file',
      )
      .option(
        '--payloads-subject <name>',
        'accept payloads of vLLM on the NATS subjects NAME.INSTANCE.ENGINE',
        parseText,
      )
      .option('--log <file>', 'append the log to a file, in addition to standard error')
      .addOption(logFormat.choices(LOG_FORMATS).default('text'))
      .addHelpText(
        'after',
        examples([
          ['moonmeter serve --nats nats://127.0.0.1:4222', 'until Ctrl-C'],
          [
            'moonmeter simulate --nats nats://127.0.0.1:4222 --instance a --listen 127.0.0.1:0',
            'engines that report there, in another terminal',
          ],
        ]),
      )
      // Loaded on demand, since --help does not need it.
      .action(async (options: ServeOptions) => {
        const { serveFleet } = await import('./serve.js')
        await serveFleet(options)
      })
  )
}
