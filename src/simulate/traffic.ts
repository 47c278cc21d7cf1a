import { type NumberOption, resolveNumbers } from '../options.js'
import { BLOCK_ID_MAX } from './block-store.js'
import { EventQueue } from './event-queue.js'
import { engineRandom, type Random } from './random.js'
import { BLOCK_TOKENS, type StoreRequest } from './store-call.js'

/** A made-up request: what a line of a trace file says. */
export interface TrafficRequest extends StoreRequest {
  /** Length of the answer in tokens. */
  readonly outputLength: number
  readonly hashIds: readonly number[]
}

/** What the made-up traffic of one engine is like. */
export interface TrafficOptions {
  /** Mean rate of requests of each engine, once conversations have had time to come back. */
  readonly requestsPerSecond?: number
  /** Tokens in a full block. */
  readonly blockTokens?: number
  /** How many system prompts there are; all engines' conversations begin with one of them. */
  readonly systemPrompts?: number
  /** Length of each system prompt; its full blocks are shared, by all engines. */
  readonly systemPromptTokens?: number
  /** Median length of a first prompt, the system prompt included. */
  readonly firstPromptTokens?: number
  /** Log-normal spread of first prompts, which are cut to between system prompt and context. */
  readonly firstPromptSigma?: number
  /** Median length of what a user adds at each further turn. */
  readonly messageTokens?: number
  readonly messageSigma?: number
  /** Median length of an answer; answers are part of the next prompt. */
  readonly outputTokens?: number
  readonly outputSigma?: number
  /** Mean number of turns of a conversation; the number is geometric. */
  readonly meanTurns?: number
  /** Median time from one turn's request to the next one's, in seconds. */
  readonly thinkSeconds?: number
  readonly thinkSigma?: number
  /** Longest prompt; a conversation that would exceed it ends. */
  readonly contextTokensMax?: number
}

const TOKENS_MAX = 2 ** 24
const SIGMA_MAX = 5

// Fitted to the published conversation trace (12,031 requests), its conversations put together
// again by the last block of each prompt: 8,156 of them, 1.475 turns each; 3.4 requests a second;
// first prompts from 891 tokens up, of mean logarithm 8.59 (5,378 tokens) and deviation 1.26; think
// times of mean logarithm 4.90 (134 s) and deviation 0.97; messages 4.53 (93 tokens), answers 5.34
// (208). The sigmas of the last two are those that also give the means, 1,343 and 343 tokens: their
// distributions have two humps, which one log-normal cannot follow. What comes out: prompts
// of 11,900 tokens on average (trace: 12,035), and 34 % of full blocks found in an endless store
// (trace: 38 %; there, users also send a prompt again, which nobody does here).
const OPTIONS: Readonly<Record<keyof TrafficOptions, NumberOption>> = {
  requestsPerSecond: { fallback: 3.4, min: 1e-6, max: 1e6 },
  blockTokens: BLOCK_TOKENS,
  systemPrompts: { fallback: 4, min: 1, max: 1_000, integer: true },
  systemPromptTokens: { fallback: 891, min: 0, max: 2 ** 17, integer: true },
  firstPromptTokens: { fallback: 5_378, min: 1, max: TOKENS_MAX },
  firstPromptSigma: { fallback: 1.26, min: 0, max: SIGMA_MAX },
  messageTokens: { fallback: 93, min: 1, max: TOKENS_MAX },
  messageSigma: { fallback: 2.3, min: 0, max: SIGMA_MAX },
  outputTokens: { fallback: 208, min: 1, max: TOKENS_MAX },
  outputSigma: { fallback: 1, min: 0, max: SIGMA_MAX },
  meanTurns: { fallback: 1.475, min: 1, max: 1e6 },
  thinkSeconds: { fallback: 134, min: 0, max: 1e6 },
  thinkSigma: { fallback: 0.97, min: 0, max: SIGMA_MAX },
  contextTokensMax: { fallback: 2 ** 17, min: 1, max: TOKENS_MAX, integer: true },
}

/** The longest answer of the published trace. */
const OUTPUT_TOKENS_MAX = 2_000
/**
 * Conversations of one engine that can wait for their next turn; one more ends after this turn.
 *
 * Bounds memory. At the defaults about 240 wait, so it is felt from some 230 requests a second up.
 */
const WAITING_CONVERSATIONS_MAX = 16_384

interface Conversation {
  timestampMs: number
  inputLength: number
  outputLength: number
  /** Ids of the prompt's full blocks; grows from turn to turn. */
  readonly fullBlockIds: number[]
}

/**
 * Endless made-up requests of one engine of several, by arrival: conversations of several turns.
 *
 * Conversations begin as a Poisson process, at a system prompt shared by all engines; each turn's
 * prompt is the one before, its answer and a new message. The requests depend on (seed, engine,
 * engines, options) alone. Two engines never use one block id, those of system prompts aside; an
 * engine's own ids count up and begin again after {@link BLOCK_ID_MAX}, when a store of at most a
 * quarter of that has long evicted them. Memory is bounded however many are taken.
 *
 * @throws MoonmeterError `INVALID_OPTION`, when the first is taken, for an unknown option or one
 * out of range.
 */
export function* generateTraffic(
  seed: number,
  engine: number,
  engines: number,
  options: TrafficOptions = {},
): Generator<TrafficRequest, never> {
  const traffic = resolveNumbers('traffic', OPTIONS, options)
  const random = engineRandom(seed, engine, 'traffic')
  const ids = blockIdSource(traffic.systemPrompts * sharedBlocks(traffic), engine, engines)
  const waiting = new EventQueue<Conversation>()
  const arrivalGapMs = (1000 * traffic.meanTurns) / traffic.requestsPerSecond
  let nextArrivalMs = random.exponential(arrivalGapMs)
  for (;;) {
    let conversation: Conversation
    if (waiting.nextMs <= nextArrivalMs) conversation = waiting.pop()
    else {
      conversation = beginConversation(traffic, random, nextArrivalMs)
      nextArrivalMs += random.exponential(arrivalGapMs)
    }
    yield takeTurn(traffic, conversation, ids)
    if (scheduleNextTurn(traffic, random, conversation, waiting.size)) waiting.push(conversation)
  }
}

function beginConversation(
  traffic: Required<TrafficOptions>,
  random: Random,
  timestampMs: number,
): Conversation {
  const { systemPromptTokens, contextTokensMax, firstPromptTokens, firstPromptSigma } = traffic
  const drawn = Math.round(random.logNormal(firstPromptTokens, firstPromptSigma))
  // A first message has at least one token.
  const inputLength = Math.min(Math.max(drawn, systemPromptTokens + 1), contextTokensMax)
  const shared = sharedBlocks(traffic)
  const first = random.below(traffic.systemPrompts) * shared
  return {
    timestampMs,
    inputLength,
    outputLength: drawOutputLength(traffic, random),
    fullBlockIds: Array.from({ length: shared }, (_, block) => first + block),
  }
}

function takeTurn(
  traffic: Required<TrafficOptions>,
  conversation: Conversation,
  ids: () => number,
): TrafficRequest {
  const { timestampMs, inputLength, outputLength, fullBlockIds } = conversation
  const fullBlocks = Math.floor(inputLength / traffic.blockTokens)
  while (fullBlockIds.length < fullBlocks) fullBlockIds.push(ids())
  const hashIds = fullBlockIds.slice(0, fullBlocks)
  // Next turn this block is longer, and thus another block: its id is used this once.
  if (inputLength % traffic.blockTokens !== 0) hashIds.push(ids())
  return { timestampMs, inputLength, outputLength, hashIds }
}

function scheduleNextTurn(
  traffic: Required<TrafficOptions>,
  random: Random,
  conversation: Conversation,
  waiting: number,
): boolean {
  // Drawn before any decision, so that no limit shifts what the next conversation draws.
  const goesOn = random.uniform() < 1 - 1 / traffic.meanTurns
  const messageTokens = Math.max(
    1,
    Math.round(random.logNormal(traffic.messageTokens, traffic.messageSigma)),
  )
  const thinkMs = 1000 * random.logNormal(traffic.thinkSeconds, traffic.thinkSigma)
  const outputLength = drawOutputLength(traffic, random)
  const inputLength = conversation.inputLength + conversation.outputLength + messageTokens
  if (!goesOn || inputLength > traffic.contextTokensMax) return false
  if (waiting >= WAITING_CONVERSATIONS_MAX) return false
  conversation.timestampMs += thinkMs
  conversation.inputLength = inputLength
  conversation.outputLength = outputLength
  return true
}

function drawOutputLength(traffic: Required<TrafficOptions>, random: Random): number {
  const drawn = Math.round(random.logNormal(traffic.outputTokens, traffic.outputSigma))
  return Math.min(Math.max(drawn, 1), OUTPUT_TOKENS_MAX)
}

function sharedBlocks(traffic: Required<TrafficOptions>): number {
  const tokens = Math.min(traffic.systemPromptTokens, traffic.contextTokensMax)
  return Math.floor(tokens / traffic.blockTokens)
}

/**
 * An engine's own block ids: those that leave the remainder `engine` when divided by `engines`,
 * after the shared ones. Taking turns, unlike a range each, keeps all engines' new blocks close
 * together, so that a bounded store evicts the oldest of all.
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
