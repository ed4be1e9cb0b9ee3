// `holdfast tail`: follows a running gateway's facts and shows each call when it ends, on one line.

import type { GatewayEvent } from "../core/gateway-event.ts";
import { callLine, type Paint, paint } from "../observe/call-line.ts";
import { wantsColour } from "../observe/call-log.ts";
import { createCallFollower } from "../observe/follow-calls.ts";
import { recordOf } from "../observe/tracked-call.ts";
import { untilStopped } from "../runtime/command-io.ts";
import { asRecord } from "./call.ts";
import { type Command, misuse } from "./command.ts";
import { readFlags } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, type GatewayClient, openGateway, parseJson } from "./gateway-client.ts";

const HELP = `holdfast tail [--gateway URL | --config FILE] [--json]

Follows a running gateway and prints one line a call when it ends: when, how it went, its route, each target with the
fault it was left for, times, tokens, id. Ctrl-C ends it.

  --json          every fact of every call as one object a line, as it happens
${GATEWAY_HELP}

Exit codes: 0 stopped, or the gateway shut down; 1 the gateway does not answer, 2 bad use.`;

export const tail: Command = { summary: "follow the calls of a running gateway", help: HELP, run: runTail };

async function runTail(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, GATEWAY_FLAGS);
  if (!parsed.ok) return misuse("tail", parsed.message);
  const gateway = await openGateway(parsed.flags);
  if ("problem" in gateway) return misuse("tail", gateway.problem);
  const tint = paint(wantsColour(process.env, process.stdout.isTTY));
  const show = parsed.flags.json === true ? (data: string) => console.log(data) : createLines(gateway, tint);
  const following = gateway.follow("/admin/v1/events", show);
  const told = await Promise.race([following.ended, untilStopped()]);
  following.stop();
  if (told === undefined || told.ok) {
    if (told !== undefined) console.error(`holdfast tail: the gateway at ${gateway.url} ended the feed`);
    return 0;
  }
  console.error(`holdfast tail: ${told.message}`);
  return 1;
}

/** Takes facts as JSON; prints a line at each end of a call. */
function createLines(gateway: GatewayClient, tint: Paint): (data: string) => void {
  let wallMs = 0;
  const print = (event: GatewayEvent, line: () => string): void => {
    if (event.type === "call-end") console.log(line());
  };
  const follower = createCallFollower(
    () => wallMs,
    [(event, call) => print(event, () => callLine(recordOf(call), tint))],
  );
  return (data) => {
    const fact = parseJson(data);
    if (isLost(fact)) {
      console.log(tint("yellow", `… ${fact.count} facts were lost: this side is too slow`));
      return;
    }
    if (!isEvent(fact)) return;
    wallMs = Date.parse(fact.at);
    if (fact.type === "call-end" && !follower.running.has(fact.call)) void tellEarlier(gateway, fact.call, tint);
    else follower.read(fact);
  };
}

/** A call that began before we followed: the gateway knows it whole. */
async function tellEarlier(gateway: GatewayClient, id: string, tint: Paint): Promise<void> {
  const told = await gateway.get(`/admin/v1/calls/${encodeURIComponent(id)}`);
  const record = told.ok ? asRecord(told.json) : undefined;
  if (record !== undefined) console.log(callLine(record, tint));
}

function isEvent(fact: unknown): fact is GatewayEvent & { readonly at: string } {
  return has(fact, "type") && has(fact, "call") && has(fact, "at") && typeof fact.at === "string";
}

function isLost(fact: unknown): fact is { readonly count: number } {
  return has(fact, "type") && fact.type === "lost" && has(fact, "count") && typeof fact.count === "number";
}

function has<Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> {
  return typeof value === "object" && value !== null && key in value;
}
