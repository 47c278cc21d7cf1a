import type { Finding, FindingFormats } from '../../live/findings.js'
import { durationText, percentText, threeDigits } from './figures.js'
import { secondsAgo } from './headline.js'
import { columnsOf } from './text.js'

const HOUR_MINUTE = 'hh:mm'.length
const MEDIAN = ['the median of the other engines', "the others' median"] as const

/** The formats of findings in the terminal. */
export const FORMATS: FindingFormats = {
  duration: durationText,
  factor: threeDigits,
  percent: (ratio) => `${percentText(ratio)} %`,
  passed: secondsAgo,
  minute: (timestampMs) => new Date(timestampMs).toTimeString().slice(0, HOUR_MINUTE),
}

/** The reason of a finding, shorter if there is little space. */
export function reasonIn({ reason }: Finding, columns: number): string {
  return columnsOf(reason) <= columns ? reason : reason.replace(...MEDIAN)
}
