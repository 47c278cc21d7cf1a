import { DURATION_BOUNDS_SECONDS, STORE_METRICS } from '../../../src/catalogue.js'

/** The text of bounds from Python's client, in the text format and in OpenMetrics. */
const BOUND_TEXTS: readonly string[] = [
  ...['0.001', '0.005', '0.01', '0.05', '0.1', '0.2', '0.3', '0.4', '0.5', '0.75'],
  ...['1.0', '1.5', '2.0', '3.0', '4.0', '+Inf'],
]

/** Rows per bucket of a series, not cumulative, the last one that of `+Inf`. */
export interface VllmSeries {
  readonly operation: string
  readonly rows: readonly number[]
}

/**
 * The durations of a vLLM server in the text of its Python client: labels in alphabetical order,
 * and floats with a decimal point.
 */
export function vllmExposition(model: string, all: readonly VllmSeries[]): string {
  const { name, help } = STORE_METRICS.durationSeconds
  const lines = all.flatMap(({ operation, rows }) => {
    const labels = (le?: string) => {
      const bucket = le === undefined ? '' : `le="${le}",`
      return `{engine="0",${bucket}model_name="${model}",operation="${operation}",status="ok"}`
    }
    let count = 0
    const buckets = BOUND_TEXTS.map((le, index) => {
      count += rows[index] ?? 0
      return `${name}_bucket${labels(le)} ${count}.0`
    })
    const sum = rows.reduce((seconds, more, index) => {
      return seconds + more * (DURATION_BOUNDS_SECONDS[index] ?? 5)
    }, 0)
    return [...buckets, `${name}_count${labels()} ${count}.0`, `${name}_sum${labels()} ${sum}`]
  })
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n')
}
