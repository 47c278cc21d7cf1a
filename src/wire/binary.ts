/** Bytes of an integer that are read and written as one number, which is then a safe integer. */
const GROUP_BYTES = 6
const GROUP_BITS = 48n

/** Float64 as little-endian bytes. */
export function writeFloats(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}

/** Little-endian bytes as float64; bytes past the last whole one are left out. */
export function readFloats(bytes: Uint8Array): Float64Array {
  // Copied, since a float64 array must start at a multiple of 8.
  return new Float64Array(
    new Uint8Array(bytes).buffer,
    0,
    Math.floor(bytes.length / Float64Array.BYTES_PER_ELEMENT),
  )
}

/** A non-negative integer as little-endian bytes, as few as it takes. */
export function writeInteger(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0n; rest >>= GROUP_BITS) {
    let group = Number(BigInt.asUintN(Number(GROUP_BITS), rest))
    for (let byte = 0; byte < GROUP_BYTES; byte++) {
      bytes.push(group % 256)
      group = Math.floor(group / 256)
    }
  }
  while (bytes.at(-1) === 0) bytes.pop()
  return Uint8Array.from(bytes)
}

/** Little-endian bytes as a non-negative integer. */
export function readInteger(bytes: Uint8Array): bigint {
  let value = 0n
  const groups = Math.ceil(bytes.length / GROUP_BYTES)
  for (let start = (groups - 1) * GROUP_BYTES; start >= 0; start -= GROUP_BYTES) {
    let group = 0
    const end = Math.min(start + GROUP_BYTES, bytes.length)
    for (let at = end - 1; at >= start; at--) group = group * 256 + bytes[at]
    value = (value << GROUP_BITS) + BigInt(group)
  }
  return value
}
