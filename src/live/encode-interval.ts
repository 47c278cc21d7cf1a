import type { LiveInterval } from './live-interval.js'
import type { IntervalMessage } from './live-message.js'

/** An interval as a JSON message. */
export function encodeInterval({
  fromMs,
  toMs,
  sources,
  names,
  series,
  restarts,
  rejections,
}: LiveInterval): IntervalMessage {
  return {
    ...{ fromMs, toMs, sources },
    names: names.map(({ operation, status }) => [operation, status]),
    series: Buffer.from(series.buffer, series.byteOffset, series.length).toString('base64'),
    ...(restarts && { restarts: Object.fromEntries(restarts) }),
    ...(rejections && { rejections: Object.fromEntries(rejections) }),
  }
}
