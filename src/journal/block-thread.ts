const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Block the thread and its event loop for some milliseconds. */
export function blockThread(ms: number): void {
  Atomics.wait(NEVER_WOKEN, 0, 0, ms)
}
