// Good streams cut behind their frames, for every pair of dialects, and gone on with by a model that says the last words
// again and then the rest: what the client has is the very answer, or it is told that it is not.

import { describe, expect, test } from "bun:test";
import type { Call, DialectId } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { isFault } from "../../src/core/fault.ts";
import type { Answer, Ending } from "../../src/core/reply.ts";
import type { Scope, Service } from "../../src/core/service.ts";
import type { StreamEvent } from "../../src/core/stream-event.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import { resuming } from "../../src/engine/resuming.ts";
import { frameEnds, type Heard } from "../support/heard.ts";
import { drive, followedLane, inspected, nativeLane, otherDialect, read, translatedLane } from "../support/lanes.ts";
import { FIXTURES_ABSENT, hasFixtures, streams, UNTELLABLE, type WireStream } from "../support/wire-fixtures.ts";

/** Of a stream's beginnings, all together; most streams are cut behind every frame. `EVERY_FRAME=1`: all are (minutes). */
const BUDGET_BYTES = 3_000_000;
const IS_EVERY = process.env.EVERY_FRAME === "1";
const LIMIT_MS = IS_EVERY ? 900_000 : 60_000;
/** Blocks that only one provider can go on from, and refusals: those are told. */
const BOUND =
  /"type": ?"(?!text|thinking|redacted_thinking|tool_use)\w*(tool_use|tool_result|fallback|compaction)"|"refusal": ?"[^"]/;
const IDS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];

if (!hasFixtures) test.skip(`resumed recordings, ${FIXTURES_ABSENT}`, () => {});

const scope: Scope = {
  runtime: {
    clock: { now: () => 0, after: () => () => {} },
    wallMs: () => 1_790_000_000_000,
    random: () => 0.5,
    transport: () => Promise.reject(new Error("nothing is sent here")),
  },
  cancel: new CancelSource(),
  emit(event) {
    if (event.type === "bug") throw new Error(event.message);
  },
};

function callOf(dialect: DialectId, tools: boolean): Call {
  const tool =
    dialect === "openai-chat" ? { type: "function", function: { name: "f" } } : { name: "f", input_schema: {} };
  const messages = [{ role: "user", content: "go" }];
  const json = { model: "asked", max_tokens: 9_000, stream: true, messages, ...(tools && { tools: [tool] }) };
  const body = new TextEncoder().encode(JSON.stringify(json));
  const found = DIALECTS[dialect].wire.inspect(body, "generate");
  if (isFault(found)) throw new Error(found.message);
  const steering = {
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "t",
    criticality: "default",
    retryCount: 0,
  } as const;
  const inspectedCall = { ...inspected(true), ...found };
  return {
    ...steering,
    id: "call_1",
    operation: "generate",
    dialect,
    model: "asked",
    stream: true,
    body,
    inspected: inspectedCall,
    headers: {},
    query: "",
  };
}

function answer(
  target: string,
  dialect: DialectId,
  bytes: readonly Uint8Array[],
  ending: Pick<Ending, "kind" | "fault">,
): Answer {
  const queue = [...bytes];
  let followed = (): Promise<Uint8Array | undefined> => Promise.resolve(undefined);
  const settled: Ending = { ...ending, firstContentMs: 1, tookMs: 2, pausedMs: 0 };
  return {
    ok: true,
    target,
    dialect,
    status: 200,
    headers: {},
    frames: {
      read: () => (queue.length > 0 ? Promise.resolve(queue.shift()) : followed()),
      followedBy(next) {
        followed = () => next.readOn();
      },
    },
    ending: Promise.resolve(settled),
    servedBy: "target",
    lossy: [],
    trail: [{ target, fault: "ok", ms: 1 }],
    cancel: { cancel() {} },
  };
}

/** A whole stream of `dialect` that says `text`, in small pieces. */
function spoken(dialect: DialectId, text: string): Uint8Array {
  const call = { id: "call_2", inspected: inspected(true) };
  const encoder = DIALECTS[dialect].codec.encoder({ call, createdS: 1 });
  const events: StreamEvent[] = [{ type: "message-start", id: "second", model: "other" }];
  for (let at = 0; at < text.length; at += 7)
    events.push({ type: "text-delta", block: 0, text: text.slice(at, at + 7) });
  events.push({ type: "block-end", block: 0 }, { type: "message-end", stop: "end", usage: { outputTokens: 5 } });
  return Buffer.concat(events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
}

/** What the second model says, of the words that it was asked to repeat, those that follow, and all of them. */
const MANNERS = {
  obeys: (anchor: string, rest: string) => anchor + rest,
  anew: (_anchor: string, _rest: string, whole: string) => whole,
  "with a preamble": (anchor: string, rest: string) => `Sure, here is the rest of it:\n\n${anchor}${rest}`,
  "in other words": (anchor: string, rest: string) =>
    anchor.length < 60 ? anchor + rest : `Well, ${anchor.slice(24)}${rest}`,
  "with double blanks": (anchor: string, rest: string) => anchor.replace(/ /g, "  ") + rest,
  "with lost blanks": (anchor: string, rest: string) => anchor.replace(/\s*\n\s*/g, " ") + rest,
} as const;
type Manner = keyof typeof MANNERS;
const NAMES = Object.keys(MANNERS) as Manner[];

interface Case {
  readonly client: DialectId;
  readonly second: DialectId;
  readonly manner: Manner;
}

interface Run {
  readonly heard: Heard;
  readonly kind: Ending["kind"];
}

async function run(
  stream: WireStream,
  at: number,
  source: Heard,
  { client, second, manner }: Case,
): Promise<Run | undefined> {
  const lane = followedLane(stream.dialect, client);
  const first = drive(lane, [stream.bytes.subarray(0, at)], "break");
  if (!lane.committed || first.finished) return undefined;
  const next: Service = (call) => {
    if (call.delivered === undefined) {
      const ending = { kind: "broken", ...(first.fault && { fault: first.fault }) } as const;
      return Promise.resolve({ ...answer("a/m", client, [first.out], ending), unfinished: lane });
    }
    const { text, anchor } = call.delivered;
    const upTo = text === "" ? 0 : text.lastIndexOf(anchor) + anchor.length;
    const bytes = spoken(
      second,
      text === "" ? source.text : MANNERS[manner](anchor, source.text.slice(upTo), source.text),
    );
    const back = second === client ? nativeLane(second) : translatedLane(second, true);
    return Promise.resolve(answer("b/m", client, [drive(back, [bytes]).out], { kind: "complete" }));
  };
  const reply = await resuming({ mode: "text", client: DIALECTS[client], attemptsMax: 3 })(next)(
    callOf(client, source.tools.length > 0),
    scope,
  );
  if (!reply.ok) throw new Error("refused");
  const out: Uint8Array[] = [];
  for (let piece = await reply.frames.read(); piece !== undefined; piece = await reply.frames.read()) out.push(piece);
  return { heard: read(client, Buffer.concat(out)), kind: (await reply.ending).kind };
}

const squeezed = (text: string) => text.replace(/\s+/g, " ").trim();
const textCuts: Record<string, { finished: number; all: number }> = {};
const counts = { finished: 0, told: 0, toolTurns: 0 };

function check({ heard, kind }: Run, source: Heard, where: string, own: readonly string[]): void {
  const violations = heard.violations.filter(
    (violation) => !own.includes(violation) && !violation.startsWith("the head"),
  );
  if (violations.length > 0 && kind === "complete") throw new Error(`${where}: ${violations.join("; ")}`);
  if (heard.closed !== (kind === "complete")) throw new Error(`${where}: closed ${heard.closed}, but ${kind}`);
  if (heard.tools.some(({ whole }) => !whole)) throw new Error(`${where}: part of a tool call`);
  if (kind === "broken") {
    counts.told++;
    if (!source.text.startsWith(heard.text)) throw new Error(`${where}: not what the source said`);
  } else if (heard.tools.length > 0) {
    counts.toolTurns++;
    if (!["tool_use", "tool_calls"].includes(heard.stop ?? "")) throw new Error(`${where}: ${heard.stop}`);
    for (const [index, { name }] of heard.tools.entries()) expect(name).toBe(source.tools[index]?.name ?? "");
  } else {
    counts.finished++;
    if (squeezed(heard.text) !== squeezed(source.text)) throw new Error(`${where}: ${heard.text.slice(-300)}`);
  }
}

function count(manner: Manner, isFinished: boolean): void {
  const { finished, all } = textCuts[manner] ?? { finished: 0, all: 0 };
  textCuts[manner] = { finished: finished + (isFinished ? 1 : 0), all: all + 1 };
}

describe.skipIf(!hasFixtures)("cut and gone on with", () => {
  const good = streams.filter(({ name, state }) => state === "whole" && !UNTELLABLE.has(name));
  test.each(good.map((stream) => [stream.name, stream] as const))(
    "%s",
    async (_, stream) => {
      const { dialect, bytes } = stream;
      const source = read(dialect, bytes);
      const ends = frameEnds(bytes);
      // A cut inside a frame is one behind the frame before it: `between-frames.test.ts`.
      const stride = IS_EVERY ? 1 : Math.ceil((ends.length * bytes.length) / 2 / BUDGET_BYTES);
      const cuts = ends.filter((_end, index) => index % stride === 0 || index < 12 || index > ends.length - 12);
      for (const client of [dialect, otherDialect(dialect)]) {
        const whole = drive(client === dialect ? nativeLane(dialect) : translatedLane(dialect, true), [bytes]).out;
        const said = read(client, whole);
        const own = [...source.violations, ...said.violations];
        const isText = source.tools.length === 0 && !BOUND.test(new TextDecoder().decode(bytes));
        for (const [turn, second] of IDS.entries()) {
          for (const [index, at] of cuts.entries()) {
            // Each place meets another manner for each pair.
            const manner = NAMES[(index + turn + (client === dialect ? 0 : 2)) % NAMES.length] ?? "obeys";
            const made = await run(stream, at, said, { client, second, manner });
            if (made === undefined) continue;
            check(made, said, `${client} by ${second}, ${manner}, at ${at} of ${bytes.length}`, own);
            if (isText) count(manner, made.kind === "complete");
          }
        }
      }
    },
    LIMIT_MS,
  );

  test("what does not break passes as it is, though it was over before it was read", async () => {
    for (const { dialect, bytes } of good) {
      const lane = followedLane(dialect, dialect);
      const { out } = drive(lane, [bytes]);
      const whole = { ...answer("a/m", dialect, [out], { kind: "complete" }), unfinished: lane };
      const options = { mode: "text", client: DIALECTS[dialect], attemptsMax: 3 } as const;
      const reply = await resuming(options)(() => Promise.resolve(whole))(callOf(dialect, false), scope);
      if (!reply.ok) throw new Error("refused");
      expect((await reply.ending).kind).toBe("complete");
      expect(await reply.frames.read()).toEqual(out);
      expect(await reply.frames.read()).toBeUndefined();
    }
  });

  test("nearly all breaks of text are finished", () => {
    expect(Object.keys(textCuts)).toHaveLength(NAMES.length);
    for (const [manner, { finished, all }] of Object.entries(textCuts))
      expect(finished / all, `${manner}: ${finished} of ${all}`).toBeGreaterThanOrEqual(0.95);
    expect(counts.toolTurns, JSON.stringify(counts)).toBeGreaterThan(0);
  });
});
