import { Command, Option } from 'commander'
import { TIMER_MS_MAX } from '../options.js'
import { LATENCY_OPTIONS } from '../simulate/latency.js'
import {
  BURST_SECONDS,
  SCENARIO_AFTER_SECONDS,
  SCENARIO_NAMES,
  SCENARIOS,
} from '../simulate/scenario.js'
import { BLOCK_TOKENS } from '../simulate/store-call.js'
import { REQUESTS_PER_SECOND } from '../simulate/traffic.js'
import { addFleetOptions } from './fleet-options.js'
import { examples, glossary } from './help.js'
import {
  integerFrom,
  numberFrom,
  oneOf,
  parseListen,
  parseSpeed,
  parseText,
} from './option-parsers.js'
import {
  LOG_FORMATS,
  LOGGED_ENGINES_MAX,
  type SimulationOptions,
  TRAFFIC_ERROR_RATE,
} from './simulation-options.js'

const LISTEN = '127.0.0.1:9464'
/** The maximum time of a timer. */
const DURATION_SECONDS_MAX = Math.floor(TIMER_MS_MAX / 1_000)
/** At 60 times the arrival rate, conversations have several turns within seconds. */
const SPEED = 60
/** The flags of the latency options, whose defaults and ranges are in `LATENCY_OPTIONS`. */
const LATENCY_FLAGS = [
  ['--fault-burst <n>', 'mean number of faulty calls in a row', 'meanBurstCalls'],
  ['--latency-floor <s>', 'median seconds of a get or put of 0 bytes', 'floorSeconds'],
  ['--bandwidth <b>', 'bytes per second of gets and puts', 'bandwidthBytesPerSecond'],
  ['--latency-spread <sigma>', 'log-normal sigma of gets and puts', 'transferSigma'],
] as const

/** Creates the command `moonmeter simulate`. */
export function simulateCommand(): Command {
  const listen = new Option('--listen <host:port>', 'address to serve /metrics on')
  const scenario = new Option('--scenario <name>', 'fault to play, of those listed below')
  scenario.argParser(oneOf(SCENARIO_NAMES))
  const logFormat = new Option('--log-format <f>', 'format of the log')
  const command = new Command('simulate')
    .description('Run synthetic engines on worker threads and serve their metrics.')
    .option(
      '--engines <n>',
      `number of engines; above ${LOGGED_ENGINES_MAX}, no metrics are logged`,
      integerFrom(1, 4_096),
      4,
    )
    .option(
      '--threads <n>',
      'number of threads, which the engines share (default: one per core)',
      integerFrom(1, 4_096),
    )
    .option('--trace <file>', 'replay a trace in the Mooncake format (default: generated traffic)')
    .option<number | 'max'>(
      '--speed <x>',
      'speed-up of the arrival of requests; max does not wait',
      parseSpeed,
      SPEED,
    )
    .option(
      '--duration <s>',
      'run time in seconds; 0 runs until a signal or the end of the trace',
      numberFrom(0, DURATION_SECONDS_MAX),
      30,
    )
    .option('--seed <n>', 'seed of all random numbers', integerFrom(0, 2 ** 32 - 1), 1)
    .option('--model <name>', 'value of the model_name label', 'llama-3-70b')
    .option('--block-tokens <n>', 'tokens of a full block', integerFrom(1, 2 ** 20), BLOCK_TOKENS)
    .option(
      '--bytes-per-block <n>',
      'bytes of a full block (default: those of --model, or of llama-3-70b if it is unknown)',
      integerFrom(0, 2 ** 40),
    )
    .option(
      '--request-rate <r>',
      'generated requests per second and engine',
      numberFrom(1e-6, 1e6),
      REQUESTS_PER_SECOND,
    )
    .option(
      '--error-rate <r>',
      `fraction of calls that are faulty (default: ${TRAFFIC_ERROR_RATE}; 0 with --trace)`,
      numberFrom(0, 1),
    )
    .addOption(scenario)
    .option(
      '--scenario-after <s>',
      `seconds from the start to the fault (default: ${SCENARIO_AFTER_SECONDS})`,
      numberFrom(0, DURATION_SECONDS_MAX),
    )
    .option(
      '--scenario-for <s>',
      `seconds that the fault lasts; 0 until the end (default: 0; ${BURST_SECONDS} of error-burst)`,
      numberFrom(0, DURATION_SECONDS_MAX),
    )
    .addOption(listen.argParser(parseListen).default(parseListen(LISTEN), LISTEN))
    .option('--bearer-token-file <file>', 'require the bearer token in this file for /metrics')
    .option(
      '--basic-auth-file <file>',
      "require the 'user:password' in this file for /metrics, or the bearer token",
    )
    .option('--json <file>', 'write the result to a file at the end')
    .option(
      '--log <file>',
      "append the log to a file, in addition to standard error; vLLM's line of metrics, every 10 s, is " +
        'in both, but a terminal does not show it',
    )
    .addOption(logFormat.choices(LOG_FORMATS).default('text'))
    .addHelpText(
      'after',
      glossary(
        'Scenarios:',
        SCENARIO_NAMES.map((name) => [name, SCENARIOS[name].summary]),
      ),
    )
    .addHelpText(
      'after',
      examples([
        ['moonmeter simulate', 'four engines for 30 seconds'],
        ['curl http://127.0.0.1:9464/metrics', 'their metrics, from another terminal'],
        ['moonmeter simulate --engines 64 --duration 0', '64 engines until Ctrl-C'],
        ['moonmeter simulate --scenario slow-engine', 'one engine gets slow after 10 seconds'],
        ['moonmeter simulate --log moonmeter.log', "with vLLM's line of metrics in a file"],
        [
          'moonmeter simulate --trace FILE --speed max --duration 0',
          'a whole trace, without waiting',
        ],
      ]),
    )
    // Loaded on demand, since --help does not need it.
    .action(async (options: SimulationOptions) => {
      const { runSimulation } = await import('./simulation.js')
      await runSimulation(options)
    })
  command
    .option(
      '--nats <url>',
      'report to a fleet over these NATS servers, separated by commas',
      parseText,
    )
    .option('--instance <name>', 'instance of the fleet (default: the host name)', parseText)
    .option(
      '--metrics-address <a>',
      'HOST:PORT or URL at which Prometheus scrapes this process (default: that of --listen)',
      parseText,
    )
  addFleetOptions(command)
  for (const [flags, help, name] of LATENCY_FLAGS) {
    const { fallback, min, max } = LATENCY_OPTIONS[name]
    const shown = String(Number(fallback.toPrecision(3)))
    const option = new Option(flags, help).argParser(numberFrom(min, max))
    command.addOption(option.default(fallback, shown))
  }
  return command
}
