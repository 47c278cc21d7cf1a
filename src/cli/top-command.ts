import { Command, Option } from 'commander'
import type { WindowName } from '../live/live-filter.js'
import { examples } from './help.js'
import { numberFrom } from './option-parsers.js'
import { WINDOW_NAMES } from './screen/controls.js'
import { SORT_NAMES, type SortName } from './screen/sort-engines.js'

/** The default address of `moonmeter simulate`. */
const URL_DEFAULT = 'http://127.0.0.1:9464/'
const EVERY_SECONDS = 10
const EVERY_SECONDS_MAX = 86_400

/** The options of `moonmeter top`, as commander parses them. */
export interface TopOptions {
  readonly window: WindowName
  readonly sort: SortName
  readonly operation?: string
  readonly engine?: string
  readonly status?: string
  readonly tokenFile?: string
  readonly basicAuthFile?: string
  readonly every: number
  readonly once?: true
}

/** Creates the command `moonmeter top`. */
export function topCommand(): Command {
  const window = new Option('--window <w>', 'period that tables and charts cover; key w')
  const sort = new Option('--sort <column>', 'column that engines are sorted by; keys ← and →')
  return (
    new Command('top')
      .description(
        'Show the operations and engines of a running server, live. The key ? lists all keys.',
      )
      .argument('[url]', 'base URL of the server', URL_DEFAULT)
      .addOption(window.choices(WINDOW_NAMES).default('5m'))
      .addOption(sort.choices(SORT_NAMES).default('engine'))
      .option('--operation <name>', 'show only this operation; key o')
      .option('--engine <name>', 'show only this engine, such as 3 or host-a/3; key e')
      .option('--status <name>', 'show only this status; key s')
      .option('--token-file <file>', 'send the bearer token in this file')
      .option('--basic-auth-file <file>', "send the 'user:password' in this file")
      .option(
        '--every <s>',
        'without a terminal: seconds between two pictures',
        numberFrom(1, EVERY_SECONDS_MAX),
        EVERY_SECONDS,
      )
      .option('--once', 'print one picture and exit')
      .addHelpText(
        'after',
        examples([
          ['moonmeter top', 'what moonmeter simulate serves, from another terminal'],
          [
            'moonmeter top http://10.0.0.7:9464/ --token-file token',
            'a server that requires a token',
          ],
          ['moonmeter top --window 15m --sort p99', 'the slowest engines of 15 minutes first'],
          ['moonmeter top --once --status error', 'one picture of the calls that failed'],
          ['moonmeter top --every 60 >> moonmeter.txt', 'a picture a minute, into a file'],
        ]),
      )
      // Loaded on demand, since --help does not need it.
      .action(async (url: string, options: TopOptions) => {
        const { runTop } = await import('./top.js')
        await runTop(url, options)
      })
  )
}
