/** Things that happen at a time, taken out earliest first: a binary heap. */
export class EventQueue<Event extends { readonly timestampMs: number }> {
  readonly #heap: Event[] = []

  /** How many events wait. */
  get size(): number {
    return this.#heap.length
  }

  /** When the earliest event happens, in milliseconds; infinity where there is none. */
  get nextMs(): number {
    return this.#heap[0]?.timestampMs ?? Number.POSITIVE_INFINITY
  }

  /** Adds an event. */
  push(event: Event): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Event
      if (above.timestampMs <= event.timestampMs) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  /** Takes out the earliest event; there must be one. */
  pop(): Event {
    const heap = this.#heap
    const earliest = heap[0] as Event
    const last = heap.pop() as Event
    if (heap.length === 0) return earliest
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && right.timestampMs < (heap[child] as Event).timestampMs) child++
      const below = heap[child] as Event
      if (last.timestampMs <= below.timestampMs) break
      heap[index] = below
      index = child
    }
    heap[index] = last
    return earliest
  }
}
