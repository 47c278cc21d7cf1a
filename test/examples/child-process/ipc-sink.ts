import type { ReportSink } from 'moonmeter/recorder'

/** Reports that may wait for the parent process; each further one would hold the same and more. */
const WAITING_MAX = 2

/** Sends reports to the parent process, by the channel that `fork` has opened. */
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

  /** Closes the channel, which keeps the process alive, once everything was sent. */
  #disconnect(): void {
    if (this.#isClosed && this.#waiting === 0 && process.connected) process.disconnect()
  }
}
