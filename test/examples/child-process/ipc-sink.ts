import type { ReportSink } from 'moonmeter/recorder'

/**
 * Maximum number of reports that wait for the parent process. Reports are cumulative, so more are
 * not needed.
 */
const WAITING_MAX = 2

/** Sends reports to the parent process over the channel of `fork`. */
export class IpcSink implements ReportSink {
  #waiting = 0
  #isClosed = false

  isReady(): boolean {
    return process.connected && this.#waiting < WAITING_MAX
  }

  send(bytes: Uint8Array): void {
    if (!process.connected) return
    this.#waiting++
    process.send?.(bytes, () => {
      this.#waiting--
      this.#disconnect()
    })
  }

  /** Called after the last report. */
  close(): void {
    this.#isClosed = true
    this.#disconnect()
  }

  /** Closes the channel, which keeps the process alive, after all reports were sent. */
  #disconnect(): void {
    if (this.#isClosed && this.#waiting === 0 && process.connected) process.disconnect()
  }
}
