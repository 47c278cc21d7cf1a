import { parseArgs } from 'node:util'
import { findNode, NODE_MAJORS, OWN_MAJOR } from '../../test/nodes/find-node.js'
import { CASE_NAMES } from './load-case.js'
import { nodeCaseName } from './node-cases.js'

/** Factor by which a figure may miss its target in CI, where the machine is shared. */
const MARGIN = 1.5
const ROUNDS = { quick: 3, full: 5 }

/** The options of a run of the suite. */
export interface Arguments {
  readonly quick: boolean
  readonly rounds: number
  readonly margin: number
  readonly cases: readonly string[]
  /** Whether these are all cases, on this Node. */
  readonly complete: boolean
  /** The Node of the cases that do not name one. */
  readonly execPath: string
}

/** The help text of the command. */
export const USAGE = `usage: main.js [--quick] [--rounds N] [--case NAME]... [--margin X] [--node N]

  --quick      only what the targets need, three rounds, some 150 seconds; exit code 1 when one
               of them is missed by more than the margin, also after two more measurements
  --rounds N   processes per variant (default ${ROUNDS.full}, with --quick ${ROUNDS.quick})
  --case NAME  only this case, may be given several times: ${CASE_NAMES.join(', ')}
  --margin X   factor that --quick allows for a noisy machine (default ${MARGIN})
  --node N     major version of the Node to measure (default this one); see \`npm run nodes\`
`

/** @throws Error for an unknown flag or a value out of range */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      case: { type: 'string', multiple: true },
      margin: { type: 'string', default: String(MARGIN) },
      node: { type: 'string', default: String(OWN_MAJOR) },
    },
  })
  const { quick } = values
  const rounds = Number(values.rounds ?? (quick ? ROUNDS.quick : ROUNDS.full))
  const margin = Number(values.margin)
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds: expected a number from 1 on, got ${values.rounds}`)
  }
  if (!(margin >= 1)) throw new Error(`--margin: expected a factor from 1 on, got ${values.margin}`)
  const unknown = values.case?.find((name) => !CASE_NAMES.includes(name))
  if (unknown !== undefined) {
    throw new Error(`--case: expected one of ${CASE_NAMES.join(', ')}, got ${unknown}`)
  }
  const node = findNode(Number(values.node))
  if ('missing' in node) throw new Error(`--node: ${node.missing}`)
  const { execPath } = node
  const isOwn = execPath === process.execPath
  // A run on another Node excludes the cases that have their own Node.
  const left = [
    'calibration',
    ...(isOwn ? [nodeCaseName(OWN_MAJOR)] : NODE_MAJORS.map(nodeCaseName)),
  ]
  const cases = values.case ?? CASE_NAMES.filter((name) => !left.includes(name))
  return { quick, rounds, margin, cases, complete: values.case === undefined && isOwn, execPath }
}
