// Conversations through an outage: each goes on where its prompt is cached, so that the way back costs no second cold start;
// a share of new ones keeps the other targets warm. Told by who answered each turn.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const encoder = new TextEncoder();
const TURNS = 8;

/** Five conversations begin each ten seconds, with a turn each 20 s; alpha is down from 60 s to 180 s. */
async function play(question: (conversation: number, turn: number) => string) {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: [{ ...on("alpha", { kind: "overloaded" }), atMs: 60_000, forMs: 120_000 }],
  });
  const turns: { atMs: number; conversation: number; turn: number }[] = [];
  for (let conversation = 0; conversation < 250; conversation++) {
    for (let turn = 0; turn < TURNS; turn++)
      turns.push({ atMs: conversation * 2_000 + turn * 20_000, conversation, turn });
  }
  turns.sort((one, other) => one.atMs - other.atMs);
  const answered = new Map<string, [number, number]>();
  for (const { atMs, conversation, turn } of turns) {
    await here.world.run(atMs);
    const messages = [{ role: "user", content: question(conversation, turn) }];
    for (let said = 0; said < turn; said++) {
      messages.push({ role: "assistant", content: "yes" }, { role: "user", content: "go on" });
    }
    const client = here.ask({
      body: encoder.encode(JSON.stringify({ model: "chat", max_tokens: 500, stream: true, messages })),
    });
    answered.set(client.call.id, [conversation, turn]);
  }
  await here.rest();
  const byTurn = new Map<number, string[]>();
  for (const event of here.events) {
    const place = event.type === "call-end" ? answered.get(event.call) : undefined;
    if (event.type !== "call-end" || place === undefined) continue;
    const [conversation, turn] = place;
    const list = byTurn.get(conversation) ?? [];
    byTurn.set(conversation, list);
    list[turn] = event.target ?? "none";
  }
  const lists = [...byTurn.values()];
  const switches = (list: readonly string[]) =>
    list.filter((target, turn) => turn > 0 && target !== list[turn - 1]).length;
  return {
    switches: lists.reduce((sum, list) => sum + switches(list), 0),
    most: Math.max(...lists.map(switches)),
    last: lists.at(-1) ?? [],
  };
}

test("a conversation that had to move stays; without a stem in common it would move again and again", async () => {
  const kept = await play((conversation) => `question ${conversation}`);
  const apart = await play((conversation, turn) => `question ${conversation}, ${turn}`);
  expect(kept.most).toBeLessThanOrEqual(2);
  expect(kept.switches).toBeLessThan(apart.switches * 0.75);
  // Those that begin after the outage are answered by the best target again.
  expect(kept.last).toEqual(Array(TURNS).fill("alpha/m"));
});

test("warm: new conversations alone, and only where all is well", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT), sim("gamma", ANTHROPIC)],
    faults: [on("gamma", { kind: "overloaded" })],
    route: { warm: 0.1 },
  });
  for (let call = 0; call < 1_000; call++) {
    await here.world.run(call * 100);
    here.ask({ prompt: `question ${call}` });
  }
  await here.rest();
  const by = (name: string) => here.world.log.filter(({ provider }) => provider === name).length;
  expect(by("beta")).toBeWithin(30, 75);
  // Known to be sick after its first few.
  expect(by("gamma")).toBeLessThan(40);
  expect(here.events.filter((event) => event.type === "call-end" && event.ending !== "complete")).toEqual([]);
});
