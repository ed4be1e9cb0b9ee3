// Hedging with the official SDKs on real sockets: the second answer reaches the client whole, the late provider sees its
// connection closed at once, and no more is sent twice than the route allows. In virtual time: test/world/hedge.test.ts.

import { describe, expect, test } from "bun:test";
import { type FaultScript, standingFault } from "../../src/sim/fault-script.ts";
import { startGateway, until } from "../support/gateway.ts";
import { answerOf, configOf, startPair } from "../support/providers.ts";
import { CLIENTS, STYLES } from "./clients.ts";
import { inBatches, ROUTE } from "./run-matrix.ts";
import { questionOf } from "./scenarios.ts";

const LIMIT_MS = 120_000;
const AFTER_MS = 400;
/** Later than the route waits at all: whoever waited for it would see it. */
const LATE: FaultScript = { kind: "slow-first-token", delayMs: 3_500 };
const CASES = CLIENTS.flatMap((client) => STYLES.map((style) => ({ client, style })));
const question = questionOf("text", "model");

function start(share: string) {
  const pair = startPair("anthropic-messages");
  const gateway = startGateway(
    configOf([pair.primary, pair.backup], `${ROUTE}\n    hedge: { after: ${AFTER_MS}ms, budget: ${share} }`),
  );
  const ask = (at: number) => {
    const { client, style } = CASES[at % CASES.length] ?? CASES[0] ?? never();
    return client.ask(gateway.url, style, question);
  };
  const stop = async () => {
    pair.stop();
    await gateway.stop();
  };
  return { pair, gateway, ask, stop };
}

function never(): never {
  throw new Error("there are cases");
}

describe("hedging", () => {
  test(
    "each SDK and style gets the second's whole answer; the first sees its connection closed",
    async () => {
      const { pair, gateway, ask, stop } = start("2%");
      try {
        // Fifty calls pay for one.
        for (let at = 0; at < CASES.length; at++) {
          await inBatches([...Array(50).keys()], 10, ask);
          pair.primary.setFault(LATE, 1);
          const before = pair.primary.log().length;
          const heard = await ask(at);
          expect(heard.text).toBe(answerOf("backup", question).text);
          expect(gateway.eventsOf("hedge")).toHaveLength(at + 1);
          const loser = () => pair.primary.log()[before];
          await until(() => loser()?.ended !== "open", 2_000, "the late one is told");
          const { ended, atMs, endedAtMs = 0 } = loser() ?? never();
          expect(ended).toBe("client-closed");
          // Long before it would have answered.
          expect(endedAtMs - atMs).toBeLessThan(3_000);
        }
        expect(gateway.eventsOf("call-end").filter(({ ending }) => ending !== "complete")).toEqual([]);
        const outrun = gateway.eventsOf("attempt-end").filter(({ fault }) => fault === "superseded");
        expect(outrun).toHaveLength(CASES.length);
        expect(gateway.eventsOf("belief")).toEqual([]);
      } finally {
        await stop();
      }
    },
    LIMIT_MS,
  );

  test(
    "a tenth of the calls late: at most 2 % are sent twice, and every client has its answer",
    async () => {
      const { pair, gateway, ask, stop } = start("2%");
      try {
        pair.primary.setFault({ ...standingFault({ kind: "slow-first-token", delayMs: 700 }), share: 0.1 });
        const heard = await inBatches([...Array(400).keys()], 20, ask);
        const whole = [answerOf("primary", question).text, answerOf("backup", question).text];
        for (const { text } of heard) expect(whole).toContain(text);
        const sent = pair.primary.log().length + pair.backup.log().length;
        expect(sent - 400).toBeLessThanOrEqual(0.02 * 400);
        expect(gateway.eventsOf("hedge").length).toBeGreaterThan(3);
      } finally {
        await stop();
      }
    },
    LIMIT_MS,
  );
});
