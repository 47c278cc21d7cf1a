import { NODE_MAJORS, OWN_MAJOR } from '../../test/nodes/find-node.js'

/** The name of the case that is `record` on a Node. */
export function nodeCaseName(major: number): string {
  return `record-node-${major}`
}

/** The case that measures a row on a Node: on the one that runs the suite it is `record` itself. */
export function caseOnNode(major: number): string {
  return major === OWN_MAJOR ? 'record' : nodeCaseName(major)
}

/** The supported Nodes that are not the one of this process. */
export const OTHER_MAJORS: readonly number[] = NODE_MAJORS.filter((major) => major !== OWN_MAJOR)
