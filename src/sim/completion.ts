// What a simulated model answers, before a dialect puts it into its format. The same prompt gives the same answer, whole
// or streamed, and every provider and model gives another: a test sees from the text who spoke.

import type { Ask } from "./ask.ts";
import { goOnWith, type Manner } from "./going-on.ts";
import { hash32, type Random, randomId, randomStream } from "./random.ts";
import { sampleOf } from "./sample.ts";

export type Block =
  /** `pieces` are what a stream sends at once, one token each. */
  | { readonly type: "text"; readonly pieces: readonly string[] }
  /** `omitted`: thought, but not shown. */
  | { readonly type: "thinking"; readonly pieces: readonly string[]; readonly omitted: boolean }
  | { readonly type: "tool"; readonly id: string; readonly name: string; readonly input: unknown };

export interface Completion {
  /** Letters and digits, unique to the request; the dialect puts its prefix before it. */
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly stop: "end" | "length" | "stop-sequence" | "tool-use";
  readonly stopSequence?: string;
  readonly inputTokens: number;
  /** Of them, those that were kept from an earlier prompt. */
  readonly cachedTokens?: number;
  readonly outputTokens: number;
  readonly thinkingTokens: number;
  /** Seconds since the epoch. */
  readonly createdS: number;
}

export interface Speaker {
  readonly provider: string;
  /** Length of a text answer. */
  readonly words: number;
  readonly createdS: number;
  /** How it goes on with another's answer; default: as it is asked. */
  readonly manner?: Manner;
}

const THINKING_TOKENS = 6;
const LEXICON =
  "kelp rock tide storm harbour anchor lantern gull current reef salt rope drift shore wave pilot beacon hull ebb calm".split(
    " ",
  );
const WANTS_TOOL = /\buse (?:a|the|two|any) tools?\b/i;
/** The sum that a probe asks for. */
const SUM = /^What is (\d+) \+ (\d+)\?/;
const WANTS_TWO = /\buse two tools\b/i;

/** `random` gives the ids only: the text comes from the prompt, the provider and the model. */
export function complete(ask: Ask, speaker: Speaker, random: Random): Completion {
  const thinking = ask.thinking === "none" ? 0 : Math.min(THINKING_TOKENS, Math.floor(ask.maxTokens / 2));
  const blocks: Block[] = [];
  if (thinking > 0) {
    const pieces = wordsOf(`${speaker.provider} thinks ${ask.prompt}`, thinking);
    blocks.push({ type: "thinking", pieces, omitted: ask.thinking === "omitted" });
  }
  const answer = answerTo(ask, { speaker, random, roomTokens: ask.maxTokens - thinking });
  return {
    id: randomId(random, 22),
    model: ask.model,
    blocks: [...blocks, ...answer.blocks],
    stop: answer.stop,
    ...(answer.stopSequence === undefined ? {} : { stopSequence: answer.stopSequence }),
    inputTokens: ask.inputTokens,
    outputTokens: thinking + answer.tokens,
    thinkingTokens: thinking,
    createdS: speaker.createdS,
  };
}

/** The same answer with nothing in it, or with `words` of no use, as many as there is room for: a successful stop. */
export function emptied(completion: Completion, { maxTokens }: Pick<Ask, "maxTokens">, words = ""): Completion {
  const all = words.match(/\S+\s*/g) ?? [];
  const pieces = all.slice(0, maxTokens);
  const blocks: readonly Block[] = pieces.length > 0 ? [{ type: "text", pieces }] : [];
  const stop = pieces.length < all.length ? "length" : "end";
  return { ...completion, blocks, stop, outputTokens: pieces.length, thinkingTokens: 0 };
}

interface Room {
  readonly speaker: Speaker;
  readonly random: Random;
  readonly roomTokens: number;
}

interface Said {
  readonly blocks: readonly Block[];
  readonly stop: Completion["stop"];
  readonly stopSequence?: string;
  readonly tokens: number;
}

function answerTo(ask: Ask, room: Room): Said {
  const calls = toolsCalled(ask, room);
  const callTokens = calls.length * 8;
  // A call that does not fit its limit is not made: providers cut it, and a cut call is nobody's test of a healthy answer.
  if (calls.length > 0 && room.roomTokens >= callTokens) {
    const spoken = [`${room.speaker.provider} `, "calls ", "a tool."];
    const intro = ask.choice === "auto" && room.roomTokens >= callTokens + spoken.length ? spoken : [];
    const blocks: readonly Block[] = intro.length > 0 ? [{ type: "text", pieces: intro }, ...calls] : calls;
    return { blocks, stop: "tool-use", tokens: callTokens + intro.length };
  }
  return speech(ask, room);
}

function toolsCalled(ask: Ask, { speaker, random }: Room): readonly Block[] {
  const first = ask.tools[0];
  const choice = ask.choice;
  if (first === undefined || choice === "none" || (choice === "auto" && !WANTS_TOOL.test(ask.prompt))) return [];
  const named = typeof choice === "object" ? ask.tools.find((tool) => tool.name === choice.name) : undefined;
  const two = ask.parallel && WANTS_TWO.test(ask.prompt) && named === undefined;
  const tools = two ? [first, ask.tools[1] ?? first] : [named ?? first];
  return tools.map((tool) => ({
    type: "tool",
    id: randomId(random, 24),
    name: tool.name,
    input: sampleOf(tool.schema, `from ${speaker.provider}`),
  }));
}

function speech(ask: Ask, { speaker, roomTokens }: Room): Said {
  const own = ownWords(ask, speaker);
  const all = ask.goingOn === undefined ? own : goOnWith(ask.goingOn, own, speaker.manner ?? "obeys");
  const stopped = ask.stops.length === 0 ? undefined : stopAt(all, ask.stops);
  const pieces = (stopped?.pieces ?? all).slice(0, Math.max(0, roomTokens));
  const blocks: readonly Block[] = pieces.length > 0 ? [{ type: "text", pieces }] : [];
  if (pieces.length < (stopped?.pieces ?? all).length) return { blocks, stop: "length", tokens: pieces.length };
  if (stopped === undefined) return { blocks, stop: "end", tokens: pieces.length };
  return { blocks, stop: "stop-sequence", stopSequence: stopped.stop, tokens: pieces.length };
}

function ownWords(ask: Ask, speaker: Speaker): readonly string[] {
  if (ask.format !== undefined) return structured(ask, speaker);
  const sum = SUM.exec(ask.prompt);
  return sum === null ? sentenceOf(ask, speaker) : [String(Number(sum[1]) + Number(sum[2]))];
}

/** Who speaks comes first, so that even a short answer tells it. */
export function sentenceOf(
  ask: Pick<Ask, "model" | "prompt">,
  { provider, words }: Pick<Speaker, "provider" | "words">,
): readonly string[] {
  const opening = ["This ", "is ", `${provider} `, "with ", `${ask.model}: `];
  const rest = wordsOf(`${provider}/${ask.model}/${ask.prompt}`, words - opening.length);
  return [...opening, ...rest].slice(0, Math.max(1, words));
}

function structured(ask: Ask, { provider }: Speaker): readonly string[] {
  const value =
    ask.format?.schema === undefined ? { provider, model: ask.model } : sampleOf(ask.format.schema, `from ${provider}`);
  return JSON.stringify(value).match(/[\s\S]{1,8}/g) ?? [];
}

function wordsOf(seedText: string, count: number): readonly string[] {
  const random = randomStream(hash32(seedText), "words");
  const words: string[] = [];
  for (let index = 0; index < count; index++) {
    const word = LEXICON[Math.floor(random() * LEXICON.length)] ?? "kelp";
    words.push(index === count - 1 ? `${word}.` : `${word} `);
  }
  return words;
}

function stopAt(
  pieces: readonly string[],
  stops: readonly string[],
): { readonly pieces: readonly string[]; readonly stop: string } | undefined {
  const text = pieces.join("");
  let at = -1;
  let found = "";
  for (const stop of stops) {
    const index = stop === "" ? -1 : text.indexOf(stop);
    if (index >= 0 && (at < 0 || index < at)) {
      at = index;
      found = stop;
    }
  }
  if (at < 0) return undefined;
  const kept: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    if (length >= at) break;
    kept.push(piece.slice(0, at - length));
    length += piece.length;
  }
  return { pieces: kept, stop: found };
}
