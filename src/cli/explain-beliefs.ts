// What a running gateway believes of a route's targets and why that changed: the part of `explain` that is not derived but
// asked for. How it is believed is `health/`'s business.

import { oneLine } from "../observe/call-line.ts";
import type { BeliefView } from "../server/admin-beliefs.ts";
import type { GatewayClient } from "./gateway-client.ts";

/** Of these targets, in their order; a sentence when the gateway cannot be asked. */
export async function beliefsOf(
  gateway: GatewayClient,
  targets: readonly string[],
): Promise<readonly BeliefView[] | string> {
  const told = await gateway.get("/admin/v1/beliefs");
  if (!told.ok) return told.message;
  const { json } = told;
  if (typeof json !== "object" || json === null || !("beliefs" in json) || !Array.isArray(json.beliefs)) {
    return `${gateway.url} is no Holdfast gateway`;
  }
  // Made by `listBeliefs` at the other end; the rest of its shape is taken on trust.
  const beliefs = json.beliefs as readonly BeliefView[];
  return targets.flatMap((target) => beliefs.find((belief) => belief.target === target) ?? []);
}

/** Line by line, safe for a terminal. */
export function beliefLines(beliefs: readonly BeliefView[], targets: readonly string[]): readonly string[] {
  const lines = targets.flatMap((target) => {
    const belief = beliefs.find((one) => one.target === target);
    if (belief === undefined) return [`  ${target}  no call has come by yet`];
    const { state, since, page, changes = [] } = belief;
    const when = since === undefined ? "" : ` since ${since}`;
    const said = page === undefined ? "" : `; its status page says ${page.health.replaceAll("_", " ")}`;
    return [
      `  ${target}  ${state}${when}${said}`,
      ...changes.map((change) => `    ${change.at}  ${change.from} › ${change.state}: ${change.why}`),
    ];
  });
  return ["what is believed of its targets, and why that changed (newest first)", ...lines.map(oneLine)];
}
