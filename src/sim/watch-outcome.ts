// What a client may get: I2. Each call ends once, as the facts say that it did; its words are one model's, as that would have
// said them, up to a seam that is told; and no tool call comes twice. Judged when both are there, the client's bytes and the
// call's last fact.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { ServedBy } from "../core/reply.ts";
import { sentenceOf } from "./completion.ts";
import { type Heard, isCorrupt } from "./heard.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

/** What one client saw of one call. */
export interface Delivered {
  readonly call: string;
  readonly status: number;
  readonly prompt: string;
  readonly heard: Heard;
}

interface Told {
  readonly ending: Extract<GatewayEvent, { type: "call-end" }>["ending"];
  readonly target: string | undefined;
  readonly servedBy: ServedBy | undefined;
  readonly resumed: boolean;
}

export interface OutcomeRules extends Rules {
  delivered(delivered: Delivered): void;
}

export function outcomeRules(watched: Watched, violate: Violate): OutcomeRules {
  const resumed = new Set<string>();
  const told = new Map<string, Told>();
  const waiting = new Map<string, Delivered>();
  const meet = (call: string): void => {
    const [one, fact] = [waiting.get(call), told.get(call)];
    if (one === undefined || fact === undefined) return;
    waiting.delete(call);
    told.delete(call);
    const wrong = wrongIn(watched, one, fact);
    if (wrong !== undefined) violate("I2", `${call} ${wrong}`);
  };
  return {
    see(event) {
      if (event.type === "resume") resumed.add(event.call);
      if (event.type !== "call-end") return;
      const { call, ending, target, servedBy } = event;
      told.set(call, { ending, target, servedBy, resumed: resumed.delete(call) });
      meet(call);
    },
    delivered(delivered) {
      if (waiting.has(delivered.call)) violate("I2", `${delivered.call} was answered twice`);
      waiting.set(delivered.call, delivered);
      meet(delivered.call);
    },
    tick() {},
    atRest() {
      for (const call of waiting.keys()) violate("I2", `${call} was answered and has no end`);
      // Nobody reads where nothing was ever delivered.
      if (watched.isRead === true)
        for (const call of told.keys()) violate("I2", `${call} ended and was never answered`);
    },
  };
}

/** `undefined`: nothing is. */
function wrongIn(watched: Watched, { status, prompt, heard }: Delivered, told: Told): string | undefined {
  const { end, endings, text, tools } = heard;
  // A job that was taken in is no answer yet.
  if (told.servedBy === "deferred" || status === 202) return undefined;
  if (endings !== 1) return `has ${endings} endings`;
  const expected = told.ending === "complete" ? "complete" : "error";
  if (end !== expected) return `looks ${end} and is ${told.ending}`;
  if (status >= 400 && told.ending !== "refused") return `has status ${status} and is ${told.ending}`;
  if (told.ending === "refused" && (text !== "" || tools.length > 0)) return "is refused and has content";
  if (isCorrupt(heard)) return "has a tool call that is broken, or comes twice";
  if (told.resumed || tools.length > 0 || (told.servedBy ?? "target") !== "target") return undefined;
  return wrongWords(watched, { text, prompt, whole: end === "complete" }, told.target);
}

interface Said {
  readonly text: string;
  readonly prompt: string;
  readonly whole: boolean;
}

/** Simulated models say what follows from who they are and what they were asked. */
function wrongWords({ providers, faults }: Watched, { text, prompt, whole }: Said, target: string | undefined) {
  const [name = "", model = ""] = target?.split("/", 2) ?? [];
  const provider = providers.find((one) => one.name === name);
  if (provider === undefined || text === "") return undefined;
  // What it says instead is the script's own.
  if ([...provider.faults, ...faults].some(({ kind, message }) => kind === "empty" && message !== undefined))
    return undefined;
  const expected = sentenceOf({ model, prompt }, { provider: name, words: provider.words }).join("");
  const isRight = whole ? text === expected : expected.startsWith(text);
  return isRight ? undefined : `does not have the words of ${target}: ${text.slice(0, 80)}`;
}
