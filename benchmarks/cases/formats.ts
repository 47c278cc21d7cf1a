import { FORMATS, type FormatName } from '../../src/exposition/formats.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import type { BenchmarkCase, Measures } from '../harness/benchmark-case.js'
import { median } from '../harness/statistics.js'
import { MoonmeterFleet } from '../workload/fleet.js'
import { discard, settle } from '../workload/make-fleet.js'

const ENGINES = 1_000
/** Pairs of scrapes before the measured ones, after which the code is compiled. */
const WARM_UP = 6
const PAIRS = { quick: 9, full: 25 }

/** The other formats, each against the text. */
export const formatsCase: BenchmarkCase = {
  name: 'formats',
  title: 'Formats',
  about:
    'The same 1,000 engines as in “Expose everything”, in turn as text and in another format, in one ' +
    'process. The load of the machine thus changes both times, and their ratio, of which the median ' +
    'is given, less.',
  variants: [
    { name: 'openmetrics', title: 'OpenMetrics', quick: true },
    { name: 'protobuf', title: 'protobuf', quick: true },
    { name: 'protobuf native', title: 'protobuf, with native histograms', quick: true },
  ],
  columns: [
    { name: 'overText', title: '÷ text' },
    { name: 'ms', title: 'ms' },
    { name: 'textMs', title: 'ms, text' },
    { name: 'megabytes', title: 'MB' },
  ],
  async run(variant, { quick }): Promise<Measures> {
    const [format = '', native] = variant.split(' ')
    const fleet = new MoonmeterFleet(ENGINES, native !== undefined)
    const times: Record<string, number[]> = { text: [], [format]: [] }
    let bytes = 0
    const scrape = async (name: FormatName) => {
      fleet.advance()
      await settle()
      const start = performance.now()
      const { buffers } = await renderRegistry(fleet.registry, FORMATS[name])
      times[name].push(performance.now() - start)
      bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
      discard(buffers)
    }
    const pairs = WARM_UP + (quick ? PAIRS.quick : PAIRS.full)
    for (let pair = 0; pair < pairs; pair++) {
      await scrape('text')
      await scrape(format as FormatName)
    }
    const { text, [format]: other } = times
    const ratios = other.map((ms, pair) => ms / text[pair])
    return {
      overText: median(ratios.slice(WARM_UP)),
      ms: median(other.slice(WARM_UP)),
      textMs: median(text.slice(WARM_UP)),
      megabytes: bytes / 1e6,
    }
  },
}
