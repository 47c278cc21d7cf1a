import type { LiveData } from './live-data.js'

const MS_PER_SECOND = 1_000
/** Number of missing updates after which figures count as out of date. */
const LATE_UPDATES = 3

/** The freshness of the figures. */
export interface Condition {
  /** The text in the header. */
  readonly word: string
  readonly kind: 'live' | 'waiting' | 'stale' | 'paused'
  /** The problem and its remedy; undefined without a problem. */
  readonly message: string | undefined
  /** Milliseconds since the last update. */
  readonly ageMs: number
}

/** The condition at a time of the monotonic clock. */
export function conditionOf(data: LiveData, isPaused: boolean, nowMs: number): Condition {
  const { connection, lastUpdateAtMs, hello } = data
  const ageMs = lastUpdateAtMs === undefined ? 0 : Math.max(0, nowMs - lastUpdateAtMs)
  const message = messageOf(data, nowMs)
  if (isPaused) return { word: '‖ paused', kind: 'paused', message, ageMs }
  if (lastUpdateAtMs === undefined) {
    const word = connection.state === 'connecting' ? 'connecting' : 'no connection'
    return { word, kind: 'waiting', message, ageMs }
  }
  const silence = `no data for ${Math.floor(ageMs / MS_PER_SECOND)} s`
  if (connection.state === 'live') {
    const isLate = ageMs > LATE_UPDATES * (hello?.intervalMs ?? MS_PER_SECOND)
    return isLate
      ? { word: silence, kind: 'stale', message, ageMs }
      : { word: '● live', kind: 'live', message, ageMs }
  }
  if (connection.state === 'unauthorized' || connection.state === 'refused') {
    return { word: silence, kind: 'stale', message, ageMs }
  }
  return { word: `${silence}, reconnecting`, kind: 'stale', message, ageMs }
}

function messageOf({ connection }: LiveData, nowMs: number): string | undefined {
  switch (connection.state) {
    case 'lost':
    case 'refused': {
      const seconds = Math.max(0, Math.ceil((connection.retryAtMs - nowMs) / MS_PER_SECOND))
      return `${connection.reason}; next attempt in ${seconds} s`
    }
    case 'unauthorized':
      return 'the server requires another token: quit, and start with --token-file'
    default:
      return undefined
  }
}
