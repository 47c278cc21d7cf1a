import type { BenchmarkCase } from '../harness/benchmark-case.js'
import { passNs } from '../harness/timing.js'
import { loopAlone } from '../peers/loop-alone.js'
import { makeRows } from '../workload/rows.js'
import { recordRows } from './record-rows.js'

const ROWS = 2 ** 18
const WARM_UP_PASSES = 3
/** Few passes, all of them counted, so that a disturbance changes the figure. */
const PASSES = 20

/** The loop of every record case, several times a round: it shows how noisy the machine is. */
export const calibrationCase: BenchmarkCase = {
  name: 'calibration',
  title: 'Calibration',
  about: 'The loop alone, at the beginning, in the middle and at the end of every round.',
  variants: [{ name: 'loop', title: 'the loop alone', quick: true }],
  columns: [{ name: 'ns', title: 'ns a row' }],
  async run() {
    const session = await loopAlone.open()
    const operation = session.operation('load_get')
    const rows = makeRows('ok')
    const pass = () => recordRows(operation, rows, ROWS)
    await passNs(WARM_UP_PASSES, ROWS, pass)
    const ns = await passNs(PASSES, ROWS, pass)
    return { ns, counted: (await session.totals()).keys ?? 0 }
  },
}
