/** Tokens of the blocks that the figures below are of. */
const BLOCK_TOKENS = 512

/**
 * Bytes of a block of 512 tokens: 2 (keys and values) · layers · KV heads · head size · bytes of a
 * number · 512, in bf16.
 */
const BLOCK_BYTES: Readonly<Record<string, number>> = {
  'llama-3-70b': 2 * 80 * 8 * 128 * 2 * BLOCK_TOKENS,
  'qwen3-8b': 2 * 36 * 8 * 128 * 2 * BLOCK_TOKENS,
  'llama-3.1-8b': 2 * 32 * 8 * 128 * 2 * BLOCK_TOKENS,
}
const FALLBACK_MODEL = 'llama-3-70b'

/** Bytes of a block of a model's KV cache; those of Llama 3 70B for a model that is not known. */
export function blockBytesOf(model: string, blockTokens: number): number {
  const bytes = BLOCK_BYTES[model.toLowerCase()] ?? BLOCK_BYTES[FALLBACK_MODEL] ?? 0
  return Math.round((bytes / BLOCK_TOKENS) * blockTokens)
}
