/** Bytes of a limb of a sum. */
export const LIMB_BYTES = 4

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

/** Limbs, integers below 2^32, as little-endian bytes. */
export function writeLimbs(limbs: Float64Array): Uint8Array {
  return new Uint8Array(Uint32Array.from(limbs).buffer)
}

/** Little-endian bytes as limbs; bytes past the last whole one are left out. */
export function readLimbs(bytes: Uint8Array): Float64Array {
  const limbs = new Float64Array(Math.floor(bytes.length / LIMB_BYTES))
  for (let limb = 0; limb < limbs.length; limb++) {
    const at = limb * LIMB_BYTES
    const [low, high] = [bytes[at] | (bytes[at + 1] << 8), bytes[at + 2] | (bytes[at + 3] << 8)]
    limbs[limb] = low + high * 2 ** 16
  }
  return limbs
}
