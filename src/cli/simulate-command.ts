import { Command, Option } from 'commander'
import type { ListenAddress } from '../server/metrics-server.js'
import { LOG_FORMATS, type LogFormat } from './logger.js'
import { blockBytesOf } from './models.js'
import { integerFrom, numberFrom, parseListen, parseSpeed } from './option-parsers.js'
import { readSecrets } from './secrets.js'
import { runSimulation } from './simulation.js'

const LISTEN = '127.0.0.1:9464'
/** Some faults, so that there is something to see; a trace is replayed as it is. */
const TRAFFIC_ERROR_RATE = 0.01
/** A minute of requests a second: conversations come back within a run of seconds. */
const SPEED = 60

/** What commander makes of the options. */
interface Flags {
  readonly engines: number
  readonly trace?: string
  readonly speed: number | 'max'
  readonly duration: number
  readonly seed: number
  readonly model: string
  readonly blockTokens: number
  readonly bytesPerBlock?: number
  readonly requestRate?: number
  readonly errorRate?: number
  readonly latencyFloor?: number
  readonly bandwidth?: number
  readonly latencySpread?: number
  readonly faultBurst?: number
  readonly listen: ListenAddress
  readonly bearerTokenFile?: string
  readonly basicAuthFile?: string
  readonly json?: string
  readonly logFormat: LogFormat
}

/** `moonmeter simulate`. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('Run synthetic engines on worker threads and serve their metrics.')
    .addOption(option('--engines <n>', 'how many engines', integerFrom(1, 4_096), 4))
    .option('--trace <file>', 'replay a trace in the Mooncake format (default: made-up traffic)')
    .addOption(
      option('--speed <x>', "times faster than the trace's own time, or max", parseSpeed, SPEED),
    )
    .addOption(
      option(
        '--duration <s>',
        'seconds to run; 0 runs until stopped, or to the end of a trace',
        numberFrom(0, 1e9),
        30,
      ),
    )
    .addOption(option('--seed <n>', 'seed of all chance', integerFrom(0, 2 ** 32 - 1), 1))
    .option('--model <name>', 'value of the model_name label', 'llama-3-70b')
  for (const made of modelOptions()) command.addOption(made)
  return command
    .addOption(
      option('--listen <host:port>', 'where to serve', parseListen, parseListen(LISTEN), LISTEN),
    )
    .option('--bearer-token-file <file>', 'serve /metrics only to who has the token in this file')
    .option('--basic-auth-file <file>', "or who has the 'user:password' in this one")
    .option('--json <file>', 'write the totals to a file at the end')
    .addOption(new Option('--log-format <f>', 'how to log').choices(LOG_FORMATS).default('text'))
    .action((flags: Flags) => runSimulation(settingsOf(flags)))
}

/** Options of the modelled requests, store and network. */
function modelOptions(): Option[] {
  return [
    option('--block-tokens <n>', 'tokens of a full block', integerFrom(1, 2 ** 20), 512),
    option(
      '--bytes-per-block <n>',
      "bytes of a full block (default: the model's, or those of llama-3-70b)",
      integerFrom(0, 2 ** 40),
    ),
    option(
      '--request-rate <r>',
      'made-up requests per second and engine (default: 3.4)',
      numberFrom(1e-6, 1e6),
    ),
    option(
      '--error-rate <r>',
      `share of faulty calls (default: ${TRAFFIC_ERROR_RATE}, of a trace 0)`,
      numberFrom(0, 1),
    ),
    option('--fault-burst <n>', 'mean calls of a run of faults (default: 5)', numberFrom(1, 1e9)),
    option(
      '--latency-floor <s>',
      'median seconds of an empty get or put (default: 0.0004)',
      numberFrom(0, 3_600),
    ),
    option('--bandwidth <b>', 'bytes per second (default: 144e9)', numberFrom(1, 1e15)),
    option(
      '--latency-spread <sigma>',
      'log-normal spread of gets and puts (default: 0.21)',
      numberFrom(0, 5),
    ),
  ]
}

function option<Value>(
  flags: string,
  help: string,
  parse: (text: string) => Value,
  fallback?: Value,
  shown?: string,
): Option {
  const made = new Option(flags, help).argParser(parse)
  return fallback === undefined ? made : made.default(fallback, shown)
}

function settingsOf(flags: Flags): Parameters<typeof runSimulation>[0] {
  const { engines, trace, speed, duration, seed, model, blockTokens, listen, json, logFormat } =
    flags
  return {
    engines,
    tracePath: trace,
    speed,
    durationSeconds: duration,
    seed,
    modelName: model,
    blockTokens,
    bytesPerBlock: flags.bytesPerBlock ?? blockBytesOf(model, blockTokens),
    requestsPerSecond: flags.requestRate,
    latency: {
      errorRate: flags.errorRate ?? (trace === undefined ? TRAFFIC_ERROR_RATE : 0),
      ...(flags.latencyFloor !== undefined && { floorSeconds: flags.latencyFloor }),
      ...(flags.bandwidth !== undefined && { bandwidthBytesPerSecond: flags.bandwidth }),
      ...(flags.latencySpread !== undefined && { transferSigma: flags.latencySpread }),
      ...(flags.faultBurst !== undefined && { meanBurstCalls: flags.faultBurst }),
    },
    listen,
    authorization: readSecrets(flags.bearerTokenFile, flags.basicAuthFile),
    jsonPath: json,
    logFormat,
  }
}
