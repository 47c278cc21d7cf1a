import type { SourceHealth } from '../snapshot/source-snapshot.js'
import { BoundedNames } from '../stats/bounded-names.js'
import { RESTART_REASONS_MAX } from '../wire/report-restarts.js'

/** Adds up the health of sources. */
export class HealthSum {
  readonly #createdMs: number
  /** The distinct reasons; kept, so that each reason counts under the same name in every sum. */
  readonly #reasons = new BoundedNames(RESTART_REASONS_MAX, (reason) => reason)

  /** @param createdMs the current time, in milliseconds since 1970 */
  constructor(createdMs: number) {
    this.#createdMs = createdMs
  }

  /**
   * The sum of the health of all sources. It is up while any source is up, and open while any is
   * open.
   */
  of(all: readonly SourceHealth[]): SourceHealth {
    let [up, open, reports, reportBytes, rows] = [false, false, 0, 0, 0]
    let lastReportMs: number | null = null
    const restarts = new Map<string, number>()
    for (const health of all) {
      up ||= health.up
      open ||= health.open
      reports += health.reports
      reportBytes += health.reportBytes
      rows += health.rows
      const lastMs = health.lastReportMs
      if (lastMs !== null && lastMs >= (lastReportMs ?? lastMs)) lastReportMs = lastMs
      for (const reason in health.restarts) {
        const name = this.#reasons.get(reason)
        restarts.set(name, (restarts.get(name) ?? 0) + health.restarts[reason])
      }
    }
    return {
      up,
      open,
      incarnation: 0,
      createdMs: this.#createdMs,
      reports,
      reportBytes,
      lastReportMs,
      rows,
      restarts: Object.fromEntries(restarts),
    }
  }
}
