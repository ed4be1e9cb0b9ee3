// Runs the matrix: each scenario on its own pair of providers, each case (SDK × style) on its own gateway, and says of every
// case what the SDK's user got. It asserts nothing.

import type { DialectId } from "../../src/core/call.ts";
import { startGateway } from "../support/gateway.ts";
import { answerOf, configOf, DIALECTS, type Pair, type Said, startPair } from "../support/providers.ts";
import { CLIENTS, type Heard, type SdkClient, STYLES, type Style } from "./clients.ts";
import { questionOf, SCENARIOS, type Scenario } from "./scenarios.ts";

export interface Result {
  readonly scenario: Scenario;
  readonly client: string;
  readonly clientDialect: DialectId;
  readonly style: Style;
  readonly primaryDialect: DialectId;
  /** `corrupt`: reported as a success, but not the whole answer of anybody. */
  readonly outcome: "primary" | "backup" | "resumed" | "calls" | "error" | "corrupt";
  /** Of an error its class and message; of a corrupt answer what it is. */
  readonly error?: { readonly name: string; readonly message: string };
  /** Calls that the SDK made to the gateway. */
  readonly calls: number;
  /** Requests that the providers got for it. */
  readonly attempts: number;
  /** What became of each attempt, for messages of a failed test. */
  readonly trail: string;
}

/** The route of every case: short, so that hundreds of silent providers can be waited for, and long enough for a busy machine. */
export const ROUTE = `    attempts: 3
    retry-wait: 200ms
    timeouts: { connect: 2s, first-token: 4s, whole: 4s, idle: 2s, total: 30s }`;

/** Units at once: each holds up to eight cases. */
const AT_ONCE = 5;

interface Unit {
  readonly scenario: Scenario;
  readonly primaryDialect: DialectId;
}

export async function runMatrix(scenarios: readonly Scenario[] = SCENARIOS): Promise<readonly Result[]> {
  const units = scenarios.flatMap((scenario) => DIALECTS.map((primaryDialect) => ({ scenario, primaryDialect })));
  const closing: Promise<void>[] = [];
  const results = await inBatches(units, AT_ONCE, (unit) => runUnit(unit, closing));
  await Promise.all(closing);
  return results.flat();
}

/** Runs `work` over all items, `atOnce` of them at a time; results are in the items' order. */
export async function inBatches<Item, Made>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      // The index is below the length.
      made[index] = await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return made;
}

async function runUnit({ scenario, primaryDialect }: Unit, closing: Promise<void>[]): Promise<Result[]> {
  const pair = startPair(primaryDialect, scenario.fault === undefined ? {} : { fault: scenario.fault });
  const styles = STYLES.filter((style) => (style === "whole") !== scenario.stream);
  const cases = CLIENTS.flatMap((client) => styles.map((style) => ({ client, style })));
  try {
    return await Promise.all(
      cases.map(({ client, style }) => runCase({ scenario, primaryDialect, client, style, pair, closing })),
    );
  } finally {
    pair.stop();
  }
}

interface Case extends Unit {
  readonly client: SdkClient;
  readonly style: Style;
  readonly pair: Pair;
  readonly closing: Promise<void>[];
}

async function runCase({ scenario, primaryDialect, client, style, pair, closing }: Case): Promise<Result> {
  const gateway = startGateway(configOf([pair.primary, pair.backup], ROUTE));
  // Tells in the providers' logs which case a request belongs to.
  const question = questionOf(scenario.asked, `${client.name}-${style}`.replaceAll(" ", "-"));
  const told = await client.ask(gateway.url, style, question).then(
    (heard) => judge(heard, (name) => answerOf(name, question)),
    (error: unknown) => ({ outcome: "error" as const, error: described(error) }),
  );
  closing.push(gateway.stop());
  const logged = [...pair.primary.log(), ...pair.backup.log()];
  return {
    scenario,
    client: client.name,
    clientDialect: client.dialect,
    style,
    primaryDialect,
    ...told,
    calls: gateway.eventsOf("call-start").length,
    attempts: logged.filter(({ model }) => model === question.model).length,
    trail: gateway
      .eventsOf("attempt-end")
      .map(({ target, fault = "ok", message = "", tookMs }) => `${target}=${fault} ${message} ${Math.round(tookMs)} ms`)
      .join(", "),
  };
}

/** Whose whole answer this is. */
function judge(heard: Heard, answer: (name: string) => Said): Pick<Result, "outcome" | "error"> {
  const tools = heard.tools.map(({ name, input }) => ({ name, input }));
  for (const name of ["primary", "backup"] as const) {
    const said = answer(name);
    const finishes = said.tools.length > 0 ? TOOL_FINISHES : TEXT_FINISHES;
    if (finishes.includes(heard.finish) && heard.text === said.text && Bun.deepEquals(tools, said.tools, true))
      return { outcome: name };
  }
  if (TEXT_FINISHES.includes(heard.finish) && tools.length === 0 && isJoined(heard.text, answer)) {
    return { outcome: "resumed" };
  }
  const { text, tools: calls } = answer("primary");
  const isCut = tools.length > 0 && tools.length < calls.length;
  if (isCut && TOOL_FINISHES.includes(heard.finish) && heard.text === text) {
    if (Bun.deepEquals(tools, calls.slice(0, tools.length), true)) return { outcome: "calls" };
  }
  return { outcome: "corrupt", error: { name: "success", message: JSON.stringify(heard) } };
}

/** The primary's words up to some place, and from there on the backup's. */
export function isJoined(text: string, answer: (name: string) => Said): boolean {
  const [first, second] = [answer("primary").text.split(" "), answer("backup").text.split(" ")];
  const words = text.split(" ");
  const seam = words.findIndex((word, index) => word !== first[index]);
  return seam > 0 && words.length === second.length && words.slice(seam).join(" ") === second.slice(seam).join(" ");
}

const TEXT_FINISHES: readonly unknown[] = ["stop", "end_turn"];
const TOOL_FINISHES: readonly unknown[] = ["tool_calls", "tool_use"];

/** The class and the words of an SDK's error; of a whole error body the SDK makes no sentence, so its own is taken. */
export function described(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  return { name: error.constructor.name, message: sentenceIn(error) ?? error.message };
}

function sentenceIn(error: object): string | undefined {
  if (!("error" in error) || typeof error.error !== "object" || error.error === null) return undefined;
  const inner = sentenceIn(error.error);
  if (inner !== undefined) return inner;
  return "message" in error.error && typeof error.error.message === "string" ? error.error.message : undefined;
}
