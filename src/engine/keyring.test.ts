// Several keys of a provider, over the whole engine: which key each request carries, and what becomes of a target whose
// keys fail.

import { describe, expect, test } from "bun:test";
import { type Answering, door, MESSAGE, provider, respond, route } from "../../test/support/door.ts";
import type { KeySource, Secrets } from "../core/settings.ts";

type Verdict = number | readonly [status: number, retryAfter: string];

/** Answers each key as the table says, else with success; other providers are well. */
function byKey(verdicts: Readonly<Record<string, Verdict>>): Answering {
  return ({ headers }) => {
    const verdict = verdicts[headers["x-api-key"] ?? ""] ?? 200;
    const [status, retryAfter] = typeof verdict === "number" ? [verdict, undefined] : verdict;
    if (status === 200) return respond(200, MESSAGE);
    const type = status === 429 ? "rate_limit_error" : status === 402 ? "billing_error" : "authentication_error";
    const body = JSON.stringify({ type: "error", error: { type, message: "no" } });
    return respond(status, body, retryAfter === undefined ? {} : { "retry-after": retryAfter });
  };
}

function twoKeys(verdicts: Record<string, Verdict>, keys: readonly KeySource[] = ["one", "two"], secrets?: Secrets) {
  const made = door({
    providers: [provider("alpha", keys), provider("beta", ["sk-beta"])],
    routes: [route("chat", "alpha/m", "beta/m"), route("other", "alpha/n"), route("alone", "alpha/m")],
    answering: byKey(verdicts),
    ...(secrets && { secrets }),
  });
  return { ...made, used: () => made.sent.map(({ headers }) => headers["x-api-key"]), trail };
}

function trail(response: Response): string {
  return response.headers.get("x-holdfast-trail") ?? "";
}

describe("several keys", () => {
  test("the first is used as long as it is good", async () => {
    const { call, used } = twoKeys({});
    for (let n = 0; n < 3; n++) await call("chat");
    expect(used()).toEqual(["one", "one", "one"]);
  });

  for (const [status, kind] of [
    [401, "credential-rejected"],
    [403, "credential-rejected"],
    [402, "quota-exhausted"],
    [429, "rate-limited"],
  ] as const) {
    test(`${status}: the next key of the same provider, in the same call, and from then on`, async () => {
      const { call, used } = twoKeys({ one: status });
      expect(trail(await call("chat"))).toBe(`alpha/m=${kind}, alpha/m=ok`);
      expect(trail(await call("chat"))).toBe("alpha/m=ok");
      expect(used()).toEqual(["one", "two", "two"]);
    });
  }

  test("two attempts a provider: then the next provider", async () => {
    const { call, used } = twoKeys({ one: 401, two: 429, three: 401 }, ["one", "two", "three"]);
    expect(trail(await call("chat"))).toBe("alpha/m=credential-rejected, alpha/m=rate-limited, beta/m=ok");
    expect(used()).toEqual(["one", "two", "sk-beta"]);
  });

  test("an answer of the second key is no failover: the provider's own headers pass", async () => {
    const response = await twoKeys({ one: 401 }).call("chat");
    expect(response.headers.get("x-holdfast-degraded")).toBeNull();
    expect(response.headers.get("x-holdfast-attempts")).toBe("2");
  });

  test("a rate limit holds for its model alone, and ends by itself", async () => {
    const verdicts: Record<string, Verdict> = { one: [429, "30"] };
    const { call, used, advance } = twoKeys(verdicts);
    await call("chat");
    verdicts.one = 200;
    await call("other");
    await call("chat");
    await advance(30_000);
    await call("chat");
    expect(used()).toEqual(["one", "two", "one", "two", "one"]);
  });

  test("a rejected key is tried again after a minute, by one call", async () => {
    const { call, used, advance } = twoKeys({ one: 401 });
    await call("chat");
    await advance(59_000);
    await call("chat");
    await advance(2_000);
    await call("chat");
    await call("chat");
    expect(used()).toEqual(["one", "two", "two", "one", "two", "two"]);
  });

  test("a key that is well again is used again", async () => {
    const verdicts: Record<string, Verdict> = { one: 401 };
    const { call, used, advance } = twoKeys(verdicts);
    await call("chat");
    verdicts.one = 200;
    await advance(61_000);
    await call("chat");
    await call("chat");
    expect(used()).toEqual(["one", "two", "one", "one"]);
  });
});

describe("a target without a good key", () => {
  test("comes after the others, and is still the last hope", async () => {
    const { call } = twoKeys({ one: 401 }, ["one"]);
    expect(trail(await call("chat"))).toBe("alpha/m=credential-rejected, beta/m=ok");
    const second = await call("chat");
    expect(trail(second)).toBe("beta/m=ok");
    expect(second.headers.get("x-holdfast-served-by")).toBe("target");
    expect(trail(await call("alone"))).toBe("alpha/m=credential-rejected");
  });

  test("one caller's 403 does not take a provider from the others", async () => {
    const { call } = twoKeys({ one: 403 }, ["one"]);
    for (let n = 0; n < 3; n++) expect(trail(await call("chat"))).toBe("alpha/m=credential-rejected, beta/m=ok");
    expect(trail(await call("chat"))).toBe("beta/m=ok");
  });

  test("a rate limit of one key does not pause the other", async () => {
    const { call, engine } = twoKeys({ one: [429, "60"] });
    await call("chat");
    expect(engine.routes.get("chat")?.keyed[0]?.keys(engine.runtime.clock.now())).toEqual({
      pausedMs: 0,
      noKey: false,
      spareKey: true,
    });
  });

  test("state survives a reload, and a new key in the same place starts afresh", async () => {
    const { call, engine, used } = twoKeys({ one: 401 }, ["one"]);
    await call("chat");
    engine.reload({ ...engine.settings });
    await call("chat");
    engine.reload({ ...engine.settings, providers: [provider("alpha", ["new"]), provider("beta", ["sk-beta"])] });
    await call("chat");
    expect(used()).toEqual(["one", "sk-beta", "sk-beta", "new"]);
  });
});

describe("keys that are kept elsewhere", () => {
  const file = { file: "/run/key" };

  function reader(value: string | undefined) {
    const state = { value, rejections: 0 };
    const secrets: Secrets = {
      current: () => state.value,
      rejected: () => {
        state.rejections++;
      },
    };
    return { state, secrets };
  }

  test("a change is used at once; a rejection is told to whoever reads them", async () => {
    const { state, secrets } = reader("one");
    const { call, used } = twoKeys({ one: 401 }, [file], secrets);
    expect(trail(await call("chat"))).toBe("alpha/m=credential-rejected, beta/m=ok");
    expect(state.rejections).toBe(1);
    state.value = "changed";
    expect(trail(await call("chat"))).toBe("alpha/m=ok");
    expect(used()).toEqual(["one", "sk-beta", "changed"]);
  });

  test("one that could not be read is passed over, and none at all is a rejected credential", async () => {
    const { secrets } = reader(undefined);
    const mixed = twoKeys({}, [file, "two"], secrets);
    await mixed.call("chat");
    expect(mixed.used()).toEqual(["two"]);
    const none = twoKeys({}, [file], secrets);
    expect(trail(await none.call("chat"))).toBe("beta/m=ok");
    expect(trail(await none.call("alone"))).toBe("alpha/m=credential-rejected");
    expect(none.used()).toEqual(["sk-beta"]);
  });
});

test("our key is taken out of what a provider says, and of nothing else", async () => {
  const { call, events } = door({
    answering: ({ headers }) => {
      const message = `bad key ${headers["x-api-key"]} in region eu`;
      return respond(400, JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }));
    },
  });
  const text = await (await call("chat")).text();
  expect(text).toContain("bad key [key] in region eu");
  expect(JSON.stringify(events)).not.toContain("sk-alpha");
});
