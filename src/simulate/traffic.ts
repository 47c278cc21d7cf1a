import { BLOCK_ID_MAX } from './block-store.js'
import { engineRandom, type Random } from './random.js'
import type { StoreRequest } from './store-call.js'

/** The traffic to generate. */
export interface TrafficOptions {
  /** Any safe integer; with the engine and the other options it determines all requests. */
  readonly seed: number
  /** Tokens of a full block, an integer of at least 1. */
  readonly blockTokens: number
  /** Mean request rate of each engine, in the steady state; greater than 0. */
  readonly requestsPerSecond: number
}

/** A generated request, with all fields of a line of a trace file. */
export interface TrafficRequest extends StoreRequest {
  /** Length of the response in tokens. */
  readonly outputLength: number
  readonly hashIds: readonly number[]
}

// The constants fit the published conversation trace (12,031 requests), with conversations
// reconstructed from the last block of each prompt: 8,156 of them, 1.475 turns each, 3.4 requests
// per second; first prompts of at least 891 tokens, with a mean logarithm of 8.59 (5,378 tokens)
// and a deviation of 1.26; think times of 4.90 (134 s) and 0.97; messages of 4.53 (93 tokens) and
// responses of 5.34 (208 tokens). The sigmas of the last two give the means of the trace, 1,343 and
// 343 tokens: their distributions are bimodal, which a log-normal cannot model. The result: prompts
// of 11,900 tokens on average (trace: 12,035) and 34 % of full blocks found in a store without
// eviction (trace: 38 %, where users also repeat prompts).

/** Default of `requestsPerSecond`. */
export const REQUESTS_PER_SECOND = 3.4
const SYSTEM_PROMPTS = 4
/** Length of each system prompt, whose full blocks all engines share. */
const SYSTEM_PROMPT_TOKENS = 891
/** Length of a first prompt, including the system prompt. */
const FIRST_PROMPT_TOKENS = { median: 5_378, sigma: 1.26 }
/** Length of a user's message at each further turn. */
const MESSAGE_TOKENS = { median: 93, sigma: 2.3 }
const OUTPUT_TOKENS = { median: 208, sigma: 1 }
/** The longest response of the published trace. */
const OUTPUT_TOKENS_MAX = 2_000
/** Seconds between the requests of two turns. */
const THINK_SECONDS = { median: 134, sigma: 0.97 }
/** Mean of the number of turns, which is geometric. */
const MEAN_TURNS = 1.475
/** Longest prompt; a conversation that would exceed it ends. */
const CONTEXT_TOKENS_MAX = 2 ** 17
/**
 * Conversations of one engine that wait for their next turn; further ones end. The limit bounds
 * memory: about 240 wait at 3.4 requests per second, so it applies above some 230 per second.
 */
const WAITING_CONVERSATIONS_MAX = 16_384

interface Conversation {
  timestampMs: number
  inputLength: number
  outputLength: number
  /** Ids of the prompt's full blocks; each turn appends to them. */
  readonly fullBlockIds: number[]
}

/**
 * Generates the requests of one of several engines in the order of arrival, without end.
 *
 * Conversations begin as a Poisson process, each with one of the system prompts; the prompt of each
 * further turn is the prompt before, its response and a new message. Engines share only the block
 * ids of system prompts. The ids of an engine ascend and start over after {@link BLOCK_ID_MAX}; by
 * then, a store of at most a quarter of that capacity has evicted the first ones. Memory is
 * bounded.
 */
export function* generateTraffic(
  engine: number,
  engines: number,
  { seed, blockTokens, requestsPerSecond }: TrafficOptions,
): Generator<TrafficRequest, never> {
  const random = engineRandom(seed, engine, 'traffic')
  const sharedBlocks = Math.floor(SYSTEM_PROMPT_TOKENS / blockTokens)
  const nextId = blockIdSource(SYSTEM_PROMPTS * sharedBlocks, engine, engines)
  // Sorted by descending time, so that the next conversation is the last element.
  const waiting: Conversation[] = []
  const arrivalGapMs = (1000 * MEAN_TURNS) / requestsPerSecond
  let nextArrivalMs = random.exponential(arrivalGapMs)
  for (;;) {
    let conversation = waiting.at(-1)
    if (conversation !== undefined && conversation.timestampMs <= nextArrivalMs) waiting.pop()
    else {
      conversation = beginConversation(random, nextArrivalMs, sharedBlocks)
      nextArrivalMs += random.exponential(arrivalGapMs)
    }
    yield takeTurn(conversation, blockTokens, nextId)
    const continues = prepareNextTurn(random, conversation)
    if (continues && waiting.length < WAITING_CONVERSATIONS_MAX) {
      insertByTime(waiting, conversation)
    }
  }
}

function beginConversation(
  random: Random,
  timestampMs: number,
  sharedBlocks: number,
): Conversation {
  // A first prompt has at least one token after the system prompt.
  const drawn = Math.max(drawTokens(random, FIRST_PROMPT_TOKENS), SYSTEM_PROMPT_TOKENS + 1)
  const firstId = random.below(SYSTEM_PROMPTS) * sharedBlocks
  return {
    timestampMs,
    inputLength: Math.min(drawn, CONTEXT_TOKENS_MAX),
    outputLength: Math.min(drawTokens(random, OUTPUT_TOKENS), OUTPUT_TOKENS_MAX),
    fullBlockIds: Array.from({ length: sharedBlocks }, (_, block) => firstId + block),
  }
}

function takeTurn(
  { timestampMs, inputLength, outputLength, fullBlockIds }: Conversation,
  blockTokens: number,
  nextId: () => number,
): TrafficRequest {
  const fullBlocks = Math.floor(inputLength / blockTokens)
  while (fullBlockIds.length < fullBlocks) fullBlockIds.push(nextId())
  const hashIds = fullBlockIds.slice(0, fullBlocks)
  // At the next turn, a partial block is longer and therefore another block, so its id is not
  // reused.
  if (inputLength % blockTokens !== 0) hashIds.push(nextId())
  return { timestampMs, inputLength, outputLength, hashIds }
}

/** Changes a conversation to its next turn; returns false if it has none. */
function prepareNextTurn(random: Random, conversation: Conversation): boolean {
  // All numbers are always drawn, so that a limit does not change the numbers of other
  // conversations.
  const continues = random.uniform() < 1 - 1 / MEAN_TURNS
  const messageTokens = drawTokens(random, MESSAGE_TOKENS)
  conversation.timestampMs += 1000 * random.logNormal(THINK_SECONDS.median, THINK_SECONDS.sigma)
  conversation.inputLength += conversation.outputLength + messageTokens
  conversation.outputLength = Math.min(drawTokens(random, OUTPUT_TOKENS), OUTPUT_TOKENS_MAX)
  return continues && conversation.inputLength <= CONTEXT_TOKENS_MAX
}

/** Draws a number of tokens, at least 1. */
function drawTokens(random: Random, { median, sigma }: { median: number; sigma: number }): number {
  return Math.max(1, Math.round(random.logNormal(median, sigma)))
}

/** Inserts a conversation into an array that is sorted by descending time. */
function insertByTime(waiting: Conversation[], conversation: Conversation): void {
  let low = 0
  let high = waiting.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (waiting[middle].timestampMs > conversation.timestampMs) low = middle + 1
    else high = middle
  }
  waiting.splice(low, 0, conversation)
}

/**
 * Returns a generator of an engine's own block ids: the ids after the shared ones whose remainder
 * modulo `engines` is `engine`. Since the ids of the engines alternate, a store of limited capacity
 * evicts the oldest blocks of all engines.
 */
function blockIdSource(firstOwn: number, engine: number, engines: number): () => number {
  const idsMax = Math.floor((BLOCK_ID_MAX + 1 - firstOwn) / engines)
  let used = 0
  return () => {
    const id = firstOwn + used * engines + engine
    used = (used + 1) % idsMax
    return id
  }
}
