const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Do nothing for some milliseconds, also not the event loop. */
export function blockThread(ms: number): void {
  Atomics.wait(NEVER_WOKEN, 0, 0, ms)
}
