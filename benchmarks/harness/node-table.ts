import { NODE_MAJORS } from '../../test/nodes/find-node.js'
import { markdownTable } from './markdown.js'
import { caseOnNode, OTHER_MAJORS } from './node-cases.js'
import { formatNumber } from './number-text.js'
import type { Results } from './results.js'

const OURS = 'moonmeter'
const PEERS = ['bare-append', 'prom-client', 'push-rows']

export const NODE_TABLE_TITLE = 'Record one row, by version of Node'

/**
 * A bound row on each Node, with the peers on the same Node; undefined if only one was measured.
 */
export function nodeTable(results: Results): string | undefined {
  const others = OTHER_MAJORS.map(caseOnNode)
  if (!results.raw.some((result) => others.includes(result.case))) return undefined
  const ns = (major: number, variant: string) => results.median(caseOnNode(major), variant, 'ns')
  const row = (title: string, value: (major: number) => number) => [
    title,
    ...NODE_MAJORS.map((major) => formatNumber(value(major))),
  ]
  return markdownTable(
    ['', ...NODE_MAJORS.map((major) => `Node ${major}`)],
    [
      row('ns a row', (major) => ns(major, OURS)),
      ...PEERS.map((peer) => row(`÷ ${peer}`, (major) => ns(major, OURS) / ns(major, peer))),
    ],
  )
}
