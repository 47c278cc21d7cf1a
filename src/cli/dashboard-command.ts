import { Command } from 'commander'
import type { DashboardOptions } from '../grafana/dashboard.js'
import { examples } from './help.js'
import { parseText, parseUid } from './option-parsers.js'

const NAME = 'moonmeter'

/** Creates the command `moonmeter dashboard`. */
export function dashboardCommand(): Command {
  return (
    new Command('dashboard')
      .description('Print a Grafana dashboard of the metrics, as JSON to import.')
      .option('--title <title>', 'title of the dashboard', parseText, NAME)
      .option(
        '--uid <uid>',
        'identifier; an import replaces the dashboard with the same one',
        parseUid,
        NAME,
      )
      .option('--prefix <prefix>', "the aggregator's prefix of metric names (default: none)")
      .option('--job <name>', 'scrape job of the metrics (default: all jobs)', parseText)
      .addHelpText(
        'after',
        examples([
          ['moonmeter dashboard > moonmeter.json', 'a file that Grafana imports'],
          ['moonmeter dashboard --prefix myapp_ --job api', 'for metrics of one job with a prefix'],
          ['moonmeter dashboard --title Staging --uid staging', 'a second dashboard'],
        ]),
      )
      // Loaded on demand, since --help does not need it.
      .action(async (options: DashboardOptions) => {
        const { dashboardJson } = await import('../grafana/dashboard.js')
        process.stdout.write(`${dashboardJson(options)}\n`)
      })
  )
}
