import { expect, test } from "bun:test";
import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import type { Body, WireRequest, WireResponse } from "../core/runtime.ts";
import { type FaultScript, type ScheduledFault, standingFault } from "./fault-script.ts";
import { encodeJson } from "./json.ts";
import { SIM_PROVIDER_DEFAULTS } from "./provider.ts";
import { createWorld, type World } from "./world.ts";

const superseded = fault("superseded", "another attempt won");

function world(faults: readonly FaultScript[] = [], seed = 1): World {
  const scheduled: readonly ScheduledFault[] = faults.map(standingFault);
  const beta = { ...SIM_PROVIDER_DEFAULTS, name: "beta", dialect: "openai-chat" } as const;
  return createWorld({ seed, providers: [{ ...beta, words: 20 }], faults: scheduled });
}

function ask(from: World, body: Record<string, unknown> = {}): WireRequest {
  const base = { model: "gpt-5", stream: true, messages: [{ role: "user", content: "hello" }] };
  return {
    method: "POST",
    url: `${from.url("beta")}/chat/completions`,
    headers: {},
    body: encodeJson({ ...base, ...body }),
    connectMs: 1000,
  };
}

interface Call {
  response?: WireResponse;
  refusal?: unknown;
  text: string;
  end: unknown;
  endMs: number;
}

/** A small client: sends, reads to the end, notes what it saw. */
function send(from: World, request = ask(from), cancel = new CancelSource()): Call {
  const call: Call = { text: "", end: "pending", endMs: -1 };
  const read = async (body: Body) => {
    for (;;) {
      const chunk = await body.read();
      if (!(chunk instanceof Uint8Array)) return chunk;
      call.text += new TextDecoder().decode(chunk);
    }
  };
  void from.runtime.transport(request, cancel).then(async (response) => {
    if (isFault(response)) call.refusal = response;
    else {
      call.response = response;
      call.end = await read(response.body);
    }
    call.endMs = from.clock.now();
  });
  return call;
}

function atRest(from: World): void {
  expect(from.inFlight()).toBe(0);
  expect(from.timers()).toBe(0);
}

test("a stream is played in virtual time, to its end", async () => {
  const here = world();
  const call = send(here);
  await here.run(39);
  expect(call.response).toBeUndefined();
  await here.run(40);
  expect(call.response?.status).toBe(200);
  expect(call.text).not.toContain("This ");
  expect(here.inFlight()).toBe(1);
  await here.run(200);
  expect(call.text).toContain("This ");
  await here.run(10_000);
  expect(call.text).toEndWith("data: [DONE]\n\n");
  expect(call.end).toBeUndefined();
  expect(call.endMs).toBe(200 + 19 * 10);
  expect(here.clock.now()).toBe(10_000);
  expect(here.log).toMatchObject([
    { provider: "beta", number: 1, model: "gpt-5", stream: true, ended: "done", endedAtMs: 390 },
  ]);
  atRest(here);
});

test("whole bodies come whole, and not beyond the limit", async () => {
  const here = world();
  const results: unknown[] = [];
  for (const limit of [100_000, 10]) {
    void here.runtime.transport(ask(here, { stream: false }), new CancelSource()).then(async (response) => {
      if (!isFault(response)) results.push(await response.body.whole(limit));
    });
  }
  await here.run(Number.POSITIVE_INFINITY);
  const [good, large] = results;
  expect(JSON.parse(new TextDecoder().decode(good instanceof Uint8Array ? good : undefined)).model).toBe("gpt-5");
  expect(large).toMatchObject({ kind: "too-large" });
  atRest(here);
});

test("connections break as scripted", async () => {
  const refused = world([{ kind: "reset" }]);
  const call = send(refused);
  await refused.run(1000);
  expect(call.refusal).toMatchObject({ kind: "connect-failed" });
  atRest(refused);

  for (const kind of ["reset", "cut-body"] as const) {
    const broken = world([{ kind, after: 2 }]);
    const half = send(broken);
    await broken.run(1000);
    expect(half.text).toContain("This ");
    expect(half.end).toMatchObject({ kind: "stream-broken" });
    atRest(broken);
  }
  const nowhere = world();
  const lost = send(nowhere, { ...ask(nowhere), url: "http://nobody.sim/v1" });
  await nowhere.run(1000);
  expect(lost.refusal).toMatchObject({ kind: "connect-failed" });
  expect(nowhere.attempts()).toBe(0);
  atRest(nowhere);
});

test("a fault or an end is told once, then nothing more", async () => {
  for (const kind of ["cut", "cut-body"] as const) {
    const here = world([{ kind, after: 1 }]);
    const call = send(here);
    await here.run(1000);
    let after: unknown = "pending";
    void call.response?.body.read().then((value) => {
      after = value;
    });
    await here.run(1001);
    expect(after).toBeUndefined();
  }
});

test("a token cancels before the headers and after them", async () => {
  const here = world();
  const early = new CancelSource();
  const late = new CancelSource();
  const [first, second] = [send(here, ask(here), early), send(here, ask(here), late)];
  here.clock.after(10, () => early.cancel(superseded));
  here.clock.after(250, () => late.cancel(superseded));
  await here.run(5000);
  expect(first.refusal).toBe(superseded);
  expect(first.endMs).toBe(10);
  expect(second.end).toBe(superseded);
  expect(second.endMs).toBe(250);
  expect(here.log.map(({ ended, endedAtMs }) => [ended, endedAtMs])).toEqual([
    ["cancelled", 10],
    ["cancelled", 250],
  ]);
  const before = new CancelSource();
  before.cancel(superseded);
  const never = send(here, ask(here), before);
  await here.run(6000);
  expect(never.refusal).toBe(superseded);
  expect(here.attempts()).toBe(2);
  atRest(here);
});

test("a silent provider is in flight until it is cancelled, and leaves nothing behind", async () => {
  const here = world([{ kind: "silence" }]);
  const cancel = new CancelSource();
  const call = send(here, ask(here), cancel);
  await here.run(3_600_000);
  expect(here.inFlight()).toBe(1);
  cancel.cancel(superseded);
  await here.run(3_600_001);
  expect(call.refusal).toBe(superseded);
  atRest(here);
});

test("an answer that nobody reads stays in flight and does not outgrow its window", async () => {
  const beta = { ...SIM_PROVIDER_DEFAULTS, name: "beta", dialect: "openai-chat", words: 5000 } as const;
  const here = createWorld({ seed: 1, providers: [beta] });
  let response: WireResponse | undefined;
  void here.runtime.transport(ask(here), new CancelSource()).then((arrived) => {
    if (!isFault(arrived)) response = arrived;
  });
  await here.run(600_000);
  expect(here.log[0]?.events).toBeLessThan(600);
  expect(here.log[0]?.ended).toBe("open");
  let text = "";
  void (async () => {
    for (let chunk = await response?.body.read(); chunk instanceof Uint8Array; chunk = await response?.body.read()) {
      text += new TextDecoder().decode(chunk);
    }
  })();
  await here.run(Number.POSITIVE_INFINITY);
  expect(text).toEndWith("data: [DONE]\n\n");
  atRest(here);
});

/** Two virtual minutes of ten calls a second through a sick provider. */
async function traffic(seed: number): Promise<{ digest: string; ended: string[] }> {
  const sick: ScheduledFault = { ...standingFault({ kind: "cut-body" }), share: 0.3, atMs: 20_000, forMs: 60_000 };
  const beta = { ...SIM_PROVIDER_DEFAULTS, name: "beta", dialect: "openai-chat", errors: 0.01, words: 10 } as const;
  const here = createWorld({ seed, providers: [beta], faults: [sick] });
  const tick = () => {
    send(here);
    if (here.clock.now() < 120_000) here.clock.after(100 + here.runtime.random() * 10, tick);
  };
  tick();
  await here.run(Number.POSITIVE_INFINITY);
  atRest(here);
  here.record({ type: "bug", atMs: 0, call: "c", message: "counts too" });
  return { digest: here.digest(), ended: here.log.map(({ ended }) => ended) };
}

test("one seed is one run, another seed another", async () => {
  const [first, again, other] = [await traffic(1), await traffic(1), await traffic(2)];
  expect(again).toEqual(first);
  expect(other.digest).not.toBe(first.digest);
  expect(first.digest).toMatch(/^[0-9a-f]{16}$/);
  expect(first.ended.filter((ended) => ended === "cut").length).toBeWithin(120, 230);
});
