import type { FamilyBins } from '../metric-family.js'
import type { OutputBuffer } from '../output-buffer.js'
import { NATIVE_BYTES_MAX, writeNativeFields } from './native-histogram.js'
import { LENGTH_BYTES, writeLength } from './varint.js'

const START_BYTES = 2 ** 16

/** The message of a histogram without its native buckets and its lengths. */
export interface OpenMessage {
  readonly bytes: Uint8Array
  /** Offsets of its lengths, the outer one first. Each length counts all bytes after itself. */
  readonly lengthPlaces: readonly number[]
}

/** A buffer in which messages are completed; shared, used synchronously. */
let completed = new Uint8Array(START_BYTES)

/** Write the messages of groups with the native buckets of their series. */
export function writeOpenMessages(
  output: OutputBuffer,
  messages: readonly (readonly OpenMessage[])[],
  groups: readonly unknown[],
  bins: FamilyBins<unknown>,
): void {
  let at = 0
  for (let group = 0; group < messages.length; group++) {
    for (let series = 0; series < messages[group].length; series++) {
      const { bytes, lengthPlaces } = messages[group][series]
      const room = bytes.length + NATIVE_BYTES_MAX
      if (at + room > completed.length) {
        output.bytes(completed.subarray(0, at))
        at = 0
        if (room > completed.length) completed = new Uint8Array(room)
      }
      completed.set(bytes, at)
      const packed = bins.binsOf(groups[group], series)
      const end = writeNativeFields(completed, at + bytes.length, packed, bins.layout)
      for (const place of lengthPlaces) {
        writeLength(completed, at + place, end - (at + place + LENGTH_BYTES))
      }
      at = end
    }
  }
  output.bytes(completed.subarray(0, at))
}
