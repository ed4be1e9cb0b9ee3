// Every provider down at once, in every way: the SDK's user gets one error, its own dialect's true one, after one call; and
// what is the caller's own doing comes back as the provider said it.

import { describe, expect, test } from "bun:test";
import type { FaultScript } from "../../src/sim/fault-script.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { configOf, DIALECTS, type Pair, type PairOptions, startPair } from "../support/providers.ts";
import { CLIENTS, type SdkClient, STYLES, type Style } from "./clients.ts";
import { inBatches, ROUTE } from "./run-matrix.ts";
import { questionOf } from "./scenarios.ts";

const LIMIT_MS = 60_000;
const AT_ONCE = 12;
/** Where nobody answers in time there is nothing to wait for. */
const IMPATIENT = ROUTE.replace(
  /timeouts: .*/,
  "timeouts: { connect: 2s, first-token: 300ms, whole: 300ms, idle: 300ms }",
);

interface Case {
  readonly client: SdkClient;
  readonly style: Style;
  readonly pair: Pair;
  readonly gateway: Gateway;
}

/** What an SDK's error says of the answer. */
interface Thrown {
  readonly status?: number;
  readonly message: string;
  readonly headers?: Headers;
}

/** Each SDK and style on a gateway of its own, with the primary in either dialect; what `run` gives, by case. */
async function everyCase<Made>(
  options: PairOptions,
  run: (given: Case) => Promise<Made>,
  route: string = ROUTE,
): Promise<Map<string, Made>> {
  const cases = DIALECTS.flatMap((primary) =>
    CLIENTS.flatMap((client) => STYLES.map((style) => ({ primary, client, style }))),
  );
  const made = await inBatches(cases, AT_ONCE, async ({ primary, client, style }) => {
    const pair = startPair(primary, options);
    const gateway = startGateway(configOf([pair.primary, pair.backup], route));
    try {
      return [`${client.name} ${style}, primary ${primary}`, await run({ client, style, pair, gateway })] as const;
    } finally {
      pair.stop();
      await gateway.stop();
    }
  });
  return new Map(made);
}

async function thrownBy({ client, style, gateway }: Case): Promise<Thrown & { readonly name: string }> {
  const asked = client.ask(gateway.url, style, questionOf("text", "model"));
  const error = await asked.then(
    (heard) => ({ name: "success", message: JSON.stringify(heard) }),
    // The SDKs' errors have these fields; the tests tell when they have not.
    (thrown: Error & Thrown) =>
      Object.assign(thrown, { name: thrown.constructor.name }) as Thrown & { readonly name: string },
  );
  return error;
}

const DOWN: readonly (readonly [string, FaultScript])[] = [
  ["overloaded", { kind: "overloaded" }],
  ["failing inside", { kind: "server-error" }],
  ["rejecting our key", { kind: "credential" }],
  ["without credit", { kind: "status", status: 402 }],
  ["without the model", { kind: "model-missing" }],
  ["silent", { kind: "silence" }],
  ["silent after headers", { kind: "stall-after-headers" }],
  ["sending pings only", { kind: "pings-only", delayMs: 50 }],
  ["resetting connections", { kind: "reset" }],
  ["ending at once", { kind: "end-at-once" }],
  ["answering nothing", { kind: "empty" }],
  ["answering an error inside a 200", { kind: "role-only-error" }],
  ["answering HTML", { kind: "html" }],
];

describe("both providers", () => {
  test.each(DOWN)(
    "%s: overloaded, in the client's dialect, after one call",
    async (_, fault) => {
      const told = await everyCase(
        { fault, backupFault: fault },
        async (given) => {
          const error = await thrownBy(given);
          const attempts = given.pair.primary.log().length + given.pair.backup.log().length;
          return { ...summary(error), calls: given.gateway.eventsOf("call-start").length, few: attempts <= 3 };
        },
        IMPATIENT,
      );
      for (const [name, found] of told) {
        const status = name.startsWith("anthropic") ? 529 : 503;
        expect([name, found]).toEqual([
          name,
          { status, final: true, retryAfter: true, trail: true, calls: 1, few: true },
        ]);
      }
    },
    LIMIT_MS,
  );

  test(
    "rate-limited: 429 with the earliest retry-after",
    async () => {
      const fault = { kind: "rate-limit", retryAfter: "40" } as const;
      const told = await everyCase({ fault, backupFault: { ...fault, retryAfter: "20" } }, async (given) => {
        const error = await thrownBy(given);
        const attempts = given.pair.primary.log().length + given.pair.backup.log().length;
        const retryAfter = error.headers?.get("retry-after");
        return [error.name, error.status, retryAfter, given.gateway.eventsOf("call-start").length, attempts];
      });
      for (const [name, found] of told) expect([name, found]).toEqual([name, ["RateLimitError", 429, "20", 1, 2]]);
    },
    LIMIT_MS,
  );

  test(
    "failing in two ways: overloaded, and the trail says how",
    async () => {
      const told = await everyCase(
        { fault: { kind: "overloaded" }, backupFault: { kind: "credential" } },
        async (given) => {
          const error = await thrownBy(given);
          const trail = error.headers?.get("x-holdfast-trail");
          return { ...summary(error), said: trail };
        },
      );
      for (const [name, { said, ...found }] of told) {
        const status = name.startsWith("anthropic") ? 529 : 503;
        expect([name, found]).toEqual([name, { status, final: true, retryAfter: true, trail: true }]);
        expect(said).toBe("primary/model=overloaded, backup/model=credential-rejected");
      }
    },
    LIMIT_MS,
  );

  test(
    "not listening: overloaded",
    async () => {
      const told = await everyCase({}, async (given) => {
        given.pair.stop();
        return summary(await thrownBy(given));
      });
      for (const [name, found] of told) {
        const status = name.startsWith("anthropic") ? 529 : 503;
        expect([name, found]).toEqual([name, { status, final: true, retryAfter: true, trail: true }]);
      }
    },
    LIMIT_MS,
  );

  test(
    "finding the prompt too long: a 400 that says so",
    async () => {
      const fault = { kind: "context-too-long" } as const;
      const told = await everyCase({ fault, backupFault: fault }, async (given) => {
        const error = await thrownBy(given);
        return { name: error.name, message: error.message, calls: given.gateway.eventsOf("call-start").length };
      });
      for (const [name, { message, ...found }] of told) {
        expect([name, found]).toEqual([name, { name: "BadRequestError", calls: 1 }]);
        // The words by which clients of each dialect know it.
        expect(message).toMatch(name.startsWith("anthropic") ? /prompt is too long/ : /context length|too long/);
      }
    },
    LIMIT_MS,
  );
});

function summary({ status, message, headers }: Thrown) {
  const retryAfter = Number(headers?.get("retry-after") ?? Number.NaN);
  return {
    status,
    final: headers?.get("x-should-retry") === "false",
    retryAfter: retryAfter >= 1 && retryAfter <= 60,
    trail: /primary\/model=/.test(headers?.get("x-holdfast-trail") ?? "") && message.length > 10,
  };
}

describe("the same body again", () => {
  test("is answered the same without touching a provider", async () => {
    const fault = { kind: "overloaded" } as const;
    const pair = startPair("openai-chat", { fault, backupFault: fault });
    const gateway = startGateway(configOf([pair.primary, pair.backup], ROUTE));
    for (const client of CLIENTS) {
      const given: Case = { client, style: "whole", pair, gateway };
      const first = await thrownBy(given);
      const sent = pair.primary.log().length + pair.backup.log().length;
      const again = await thrownBy(given);
      expect([client.name, again.status]).toEqual([client.name, first.status]);
      expect(pair.primary.log().length + pair.backup.log().length).toBe(sent);
    }
    pair.stop();
    await gateway.stop();
  });
});

describe("the caller's own mistake", () => {
  test("a 400 of the provider comes back as it was, once", async () => {
    const fault = { kind: "bad-request", message: "temperature: is out of range" } as const;
    const told = await everyCase({ fault }, async (given) => {
      if (given.pair.primary.dialect !== given.client.dialect) return undefined;
      const error = await thrownBy(given);
      return [error.name, error.status, /temperature: is out of range/.test(error.message), attemptsOf(given.pair)];
    });
    for (const [name, found] of told) {
      if (found !== undefined) expect([name, found]).toEqual([name, ["BadRequestError", 400, true, [1, 0]]]);
    }
  });

  test(
    "a 401 of our key fails over and never reaches the client",
    async () => {
      const told = await everyCase({ fault: { kind: "credential" } }, async (given) => {
        const heard = await given.client.ask(given.gateway.url, given.style, questionOf("text", "model"));
        return [/^This is backup/.test(heard.text), attemptsOf(given.pair)];
      });
      for (const [name, found] of told) expect([name, found]).toEqual([name, [true, [1, 1]]]);
    },
    LIMIT_MS,
  );

  test("a model that no route has: NotFoundError with the nearest name", async () => {
    const pair = startPair("openai-chat");
    const yaml = configOf([pair.primary, pair.backup], ROUTE).replace('"*":', "claude-sonnet-5:");
    const gateway = startGateway(yaml.replaceAll("/*", "/model"));
    for (const client of CLIENTS) {
      const asked = client.ask(gateway.url, "raw", questionOf("text", "claude-sonet-5"));
      const error = await asked.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect([client.name, error?.constructor.name]).toEqual([client.name, "NotFoundError"]);
      expect(error?.message).toContain("claude-sonnet-5");
    }
    expect(attemptsOf(pair)).toEqual([0, 0]);
    expect(gateway.eventsOf("call-start").length).toBe(CLIENTS.length);
    pair.stop();
    await gateway.stop();
  });
});

function attemptsOf({ primary, backup }: Pair): readonly [number, number] {
  return [primary.log().length, backup.log().length];
}
