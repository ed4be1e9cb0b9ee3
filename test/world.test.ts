// Every kind of fault of a simulated provider, in every place of a stream, in every pair of dialects, with a healthy backup
// and without one: the client ends with a complete answer or a truthful error, and nothing is left behind.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../src/core/call.ts";
import { FAULT_SCRIPT_KINDS, type FaultScript, type FaultScriptKind } from "../src/sim/fault-script.ts";
import { type Outcome, outcomeOf } from "./support/outcome.ts";
import { ANTHROPIC, type Ask, CHAT, on, sim, virtual } from "./support/virtual.ts";

const WORDS = 8;
const PAIRS: readonly (readonly [client: DialectId, alpha: DialectId])[] = [
  [ANTHROPIC, ANTHROPIC],
  [ANTHROPIC, CHAT],
  [CHAT, CHAT],
  [CHAT, ANTHROPIC],
];
/** Headers wait for the commit: the early open has its own tests. */
const NEVER_MS = 86_400_000;
/** What the place in a stream matters to. */
const PLACED: readonly FaultScriptKind[] = ["stall", "cut", "cut-body", "reset", "error-in-band", "malformed-frame"];
/** Slow or odd, but right. */
const HARMLESS: readonly FaultScriptKind[] = ["byte-by-byte", "drip", "no-terminator"];

interface Case {
  readonly client: DialectId;
  readonly alpha: DialectId;
  readonly backup: boolean;
  readonly fault: FaultScript;
  readonly ask: Ask;
}

async function play({ client, alpha, backup, fault, ask }: Case): Promise<Outcome & { target: string | undefined }> {
  // The backup speaks the client's dialect: with alpha translated, both lanes are in play.
  const providers = [sim("alpha", alpha, { words: WORDS }), ...(backup ? [sim("beta", client, { words: WORDS })] : [])];
  const here = virtual({ providers, faults: [on("alpha", fault)] });
  const asked = here.ask({ openMs: NEVER_MS, ...ask, dialect: client });
  await here.rest();
  return { ...outcomeOf(asked, WORDS), target: asked.delivery?.headers["x-holdfast-target"] };
}

function judge(what: Case, { kind, status, text, tools, target }: Awaited<ReturnType<typeof play>>): void {
  const { fault, backup, client, alpha, ask } = what;
  const delivered = text !== "" || tools > 0;
  if (HARMLESS.includes(fault.kind)) expect([kind, target]).toEqual(["complete", "alpha/m"]);
  else if (kind === "refused") {
    // Only where there is nobody else, or where nobody else would take it either.
    expect(backup && !(fault.kind === "bad-request" && client === alpha)).toBe(false);
    expect(status).toBeGreaterThanOrEqual(400);
  } else if (kind === "broken") {
    expect([ask.stream, delivered]).toEqual([true, true]);
    expect([...PLACED, "cut-json", "no-finish"]).toContain(fault.kind);
  } else if (!(fault.kind === "no-finish" && ask.stream === false)) {
    expect(target).toBe(backup ? "beta/m" : "alpha/m");
  }
  if (fault.kind === "bad-request" && client === alpha) expect([kind, status]).toEqual(["refused", 400]);
  if (!backup && !HARMLESS.includes(fault.kind)) expect(kind).not.toBe("complete");
}

async function check(what: Case): Promise<Outcome> {
  try {
    const outcome = await play(what);
    judge(what, outcome);
    return outcome;
  } catch (error) {
    throw new Error(`${JSON.stringify(what)}: ${error instanceof Error ? error.message : error}`);
  }
}

describe.each(PAIRS)("a client of %s, a sick provider of %s", (client, alpha) => {
  test.each(FAULT_SCRIPT_KINDS)("%s", async (kind) => {
    for (const backup of [true, false]) {
      for (const stream of [true, false]) {
        // A whole answer has no closing marker to miss.
        if (kind === "no-terminator" && !stream) continue;
        await check({ client, alpha, backup, fault: { kind }, ask: { stream } });
      }
    }
  });

  test.each(PLACED)("%s after every event", async (kind) => {
    const seen = new Set<string>();
    for (const ask of [{}, { tools: "auto" }, { tools: "any" }] as const) {
      for (const backup of [true, false]) {
        for (let after = 0; after <= WORDS + 1; after++) {
          const { kind: outcome } = await check({
            client,
            alpha,
            backup,
            fault: { kind, after },
            ask: { ...ask, stream: true },
          });
          seen.add(
            `${ask.tools ?? "text"} ${backup ? "backed" : "alone"} ${after === 0 ? "first" : "later"} ${outcome}`,
          );
        }
      }
    }
    // Before the first word nothing is lost; a call that was cut is made again elsewhere.
    expect(seen).toContain("text backed first complete");
    expect(seen).not.toContain("text backed first broken");
    expect(seen).toContain("text backed later broken");
    expect(seen).toContain("any backed later complete");
    expect(seen).toContain("text alone first refused");
  });

  test("calm: complete, in one attempt, whole and streamed, with tools and without", async () => {
    for (const stream of [true, false]) {
      for (const tools of [{}, { tools: "auto" }, { tools: "any" }] as const) {
        const here = virtual({ providers: [sim("alpha", alpha, { words: WORDS }), sim("beta", alpha)] });
        const asked = here.ask({ dialect: client, stream, ...tools });
        await here.rest();
        expect(outcomeOf(asked, WORDS)).toMatchObject({ kind: "complete", tools: "tools" in tools ? 1 : 0 });
        expect(here.world.attempts()).toBe(1);
      }
    }
  });
});
