import { Command, Option } from 'commander'
import { MoonmeterError } from '../errors.js'
import { examples } from './help.js'
import { integerFrom } from './option-parsers.js'

/** Formats of the output of `moonmeter inspect`. */
const INSPECT_FORMATS = ['text', 'prometheus', 'json'] as const

/** The options of `moonmeter inspect`, as commander parses them. */
export interface InspectOptions {
  readonly format: (typeof INSPECT_FORMATS)[number]
  readonly engine: number
  readonly model: string
  readonly sample?: true
}

/** Creates the command `moonmeter inspect`. */
export function inspectCommand(): Command {
  const format = new Option('--format <f>', 'output format')
  return (
    new Command('inspect')
      .description(
        "Decode captured payloads: vLLM's rows of this connector, or reports of a recorder; " +
          'one or several concatenated, binary or in hex.',
      )
      .argument('[file]', 'file to read, or - for standard input (default: -)')
      .addOption(format.choices(INSPECT_FORMATS).default('text'))
      .option('--sample', 'decode a sample of two payloads instead of a file')
      .option(
        '--engine <n>',
        'engine index for payloads without one',
        integerFrom(0, Number.MAX_SAFE_INTEGER),
        0,
      )
      .option('--model <name>', 'value of the model_name label', 'unknown')
      .addHelpText(
        'after',
        examples([
          ['moonmeter inspect --sample', 'the sample as tables'],
          ['moonmeter inspect --sample --format prometheus', 'the sample as metrics'],
          ['moonmeter inspect capture.bin', 'a file'],
          ['xxd -p capture.bin | moonmeter inspect', 'hex from another program'],
        ]),
      )
      // Loaded on demand, since --help does not need it.
      .action(async (file: string | undefined, options: InspectOptions) => {
        if (file !== undefined && options.sample) {
          throw new MoonmeterError(
            'INVALID_OPTION',
            `inspect: expected a file or --sample, got both '${file}' and --sample`,
          )
        }
        const { inspect } = await import('./inspect.js')
        await inspect(file ?? '-', options)
      })
  )
}
