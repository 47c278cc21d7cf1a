import { Command, Option } from 'commander'
import { formatDuration } from '../rules/duration.js'
import { RULE_NUMBERS, type RuleOptions } from '../rules/rule-options.js'
import { examples } from './help.js'
import { durationFrom, integerFrom, numberFrom, parseText } from './option-parsers.js'

type RuleNumber = keyof typeof RULE_NUMBERS

/** The numeric options: the name, the flags and the help text of each. */
const NUMBER_FLAGS: readonly (readonly [name: RuleNumber, flags: string, help: string])[] = [
  ['windowSeconds', '--window <d>', 'time over which rates, counts and p99 are taken'],
  ['burstWindowSeconds', '--burst-window <d>', 'time over which a burst of errors is counted'],
  ['baselineSeconds', '--baseline <d>', 'time before the window whose p99 is the comparison'],
  ['forSeconds', '--for <d>', 'time that a condition lasts before its alert fires'],
  ['failedKeyRatio', '--failed-keys <r>', 'failed keys per key, from 0 to 1, above which to alert'],
  ['keysMin', '--keys-min <n>', 'minimum keys in the window to alert on failed keys'],
  ['errorRatio', '--errors <r>', 'errors per call, from 0 to 1, above which to alert'],
  ['errorsMin', '--errors-min <n>', 'minimum errors in the burst window to alert on errors'],
  ['latencyFactor', '--latency-factor <x>', 'factor of the past p99 above which to alert'],
  ['latencyMinSeconds', '--latency-min <s>', 'minimum p99 to alert on, in seconds'],
  ['callsMin', '--calls-min <n>', 'minimum calls in the window to alert on their p99'],
  ['restarts', '--restarts <n>', 'restarts of an engine in the window at which to alert'],
  ['rejected', '--rejected <n>', 'rejected payloads in the window at which to alert'],
]

/** The numeric options as commander options, each with its name in `RuleOptions`. */
const NUMBER_OPTIONS = NUMBER_FLAGS.map(([name, flags, help]) => {
  const { fallback, min, max, ...rest } = RULE_NUMBERS[name]
  const option = new Option(flags, help)
  if (name.endsWith('Seconds') && 'integer' in rest) {
    option.argParser(durationFrom(min, max)).default(fallback, formatDuration(fallback))
  } else {
    const parse = 'integer' in rest ? integerFrom : numberFrom
    option.argParser(parse(min, max)).default(fallback)
  }
  return { name, option }
})

/** Creates the command `moonmeter rules`. */
export function rulesCommand(): Command {
  const command = new Command('rules')
    .description('Print alert and recording rules for Prometheus, as YAML. Durations: 30s, 5m, 1h.')
    .option('--prefix <text>', "the aggregator's prefix of metric names (default: none)")
    .option('--job <name>', 'the scrape job whose metrics are read (default: all jobs)', parseText)
    .addOption(flag('--honor-labels', 'the job has honor_labels: true, as for moonmeter serve'))
    .addOption(flag('--roll-up', 'also record sums of engines by instance and by job'))
  for (const { option } of NUMBER_OPTIONS) command.addOption(option)
  return (
    command
      .addHelpText(
        'after',
        examples([
          ['moonmeter rules > moonmeter.rules.yml', 'a file for rule_files of prometheus.yml'],
          ['moonmeter rules --window 1m --for 30s', 'alerts that fire sooner'],
          [
            'moonmeter rules --honor-labels --roll-up',
            'for moonmeter serve, with sums over its engines',
          ],
          ['moonmeter rules --job kv-cache --failed-keys 0.2', 'another threshold, for one job'],
        ]),
      )
      // Loaded on demand, since --help does not need it.
      .action(async (options: Record<string, unknown>) => {
        const { ruleFile } = await import('../rules/rule-file.js')
        process.stdout.write(ruleFile(ruleOptions(options)))
      })
  )
}

function flag(name: string, help: string): Option {
  return new Option(name, help).default(false, 'no')
}

function ruleOptions(options: Record<string, unknown>): Partial<RuleOptions> {
  const { prefix, job, rollUp, honorLabels } = options as Partial<RuleOptions>
  const numbers = NUMBER_OPTIONS.map(({ name, option }) => [name, options[option.attributeName()]])
  return {
    ...(Object.fromEntries(numbers) as Record<RuleNumber, number>),
    ...(prefix !== undefined && { prefix }),
    ...(job !== undefined && { job }),
    ...(rollUp !== undefined && { rollUp }),
    ...(honorLabels !== undefined && { honorLabels }),
  }
}
