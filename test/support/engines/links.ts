import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { EngineLink } from '../../../src/index.js'
import { Journal } from '../../../src/journal/journal.js'
import { HEADER, JournalLayout } from '../../../src/journal/journal-layout.js'
import { DEFAULT_LAYOUT } from '../../../src/stats/bin-layout.js'
import { decodePayload } from '../../../src/wire/payload.js'
import type { DecodedReport } from '../../../src/wire/report.js'

const SERIES_MAX = 8
const HOUR_MS = 3_600_000

/** A link whose other end belongs to the test. */
export interface OpenLink {
  readonly link: EngineLink
  readonly port: MessagePort
  /** Acknowledge a number of reports to the recorder. */
  taken(reports: number): void
}

/** Creates a link without an aggregator. */
export function openLink(engine: number, incarnation: number, intervalMs = HOUR_MS): OpenLink {
  const layout = new JournalLayout(DEFAULT_LAYOUT, SERIES_MAX)
  const journal = Journal.allocate(layout)
  const { port1, port2 } = new MessageChannel()
  const link: EngineLink = {
    engine,
    incarnation,
    journal,
    seriesMax: SERIES_MAX,
    bounds: DEFAULT_LAYOUT.bounds,
    operations: [],
    extraMetrics: [],
    intervalMs,
    port: port2,
    transferList: [port2],
  }
  const words = new Int32Array(journal)
  return { link, port: port1, taken: (reports) => Atomics.add(words, HEADER.acknowledged, reports) }
}

/** The reports that wait on a port. */
export function takeReports(port: MessagePort): DecodedReport[] {
  const reports: DecodedReport[] = []
  for (;;) {
    const received = receiveMessageOnPort(port)
    if (received === undefined) return reports
    reports.push(decodeReport(received.message))
  }
}

/** Decode a report. */
export function decodeReport(bytes: unknown): DecodedReport {
  const payload = decodePayload(bytes)
  if (payload.kind !== 'report') throw new Error(`expected a report, got ${payload.kind}`)
  return payload.report
}
