// Who is turned away when not all can be served: I11. Of those that come while nobody is believed to answer, the critical are
// shed last, and hardly at all while the sheddable are let in; and no tenant has more than its share of a provider, and takes
// more, while another is refused room there.

import type { Criticality } from "../core/call.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { INTAKE_MIN } from "../policies/bulkhead.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

const SHED_SEEN_MIN = 50;
/** Chance alone moves shares by so much. */
const SHED_SLACK = 0.1;
/** Somebody is tried now and then, whatever the shares: more than that is being let in. */
const LET_IN_MIN = 3;
const LET_IN_MS = 5_000;
const CRITICAL_SHED_MAX = 0.01;
const SHARE_SLACK = 0.1;
const REFUSED_MS = 1_000;

type Of<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

interface Shed {
  seen: number;
  shed: number;
}

interface Shedding {
  readonly watched: Watched;
  readonly violate: Violate;
  readonly out: Set<string>;
  readonly sheds: Readonly<Record<Criticality, Shed>>;
  /** Of the calls under way: whose they are, and whether they came while nobody was believed to answer. */
  readonly calls: Map<string, { readonly tenant: string; readonly route: string; readonly outage: boolean }>;
  /** By route: when the sheddable were let in of late, while nobody was believed to answer. */
  readonly letIn: Map<string, number[]>;
  /** Critical calls that came while they were, and those of them that were shed. */
  critical: Shed;
  /** By provider: who was refused room last, and when. */
  readonly refused: Map<string, { readonly tenant: string; readonly atMs: number }>;
}

export function sheddingRules(watched: Watched, violate: Violate): Rules {
  const none = (): Shed => ({ seen: 0, shed: 0 });
  const shedding: Shedding = {
    watched,
    violate,
    out: new Set(),
    sheds: { critical: none(), default: none(), sheddable: none() },
    calls: new Map(),
    letIn: new Map(),
    critical: none(),
    refused: new Map(),
  };
  return {
    see: (event) => see(shedding, event),
    tick() {},
    atRest() {
      shedInOrder(shedding.sheds, violate);
      const { seen, shed } = shedding.critical;
      if (shed > 1 + CRITICAL_SHED_MAX * seen) {
        violate("I11", `${shed} of ${seen} critical calls were shed while sheddable ones were let in`);
      }
    },
  };
}

function see(shedding: Shedding, event: GatewayEvent): void {
  switch (event.type) {
    case "call-start":
      called(shedding, event);
      return;
    case "attempt-start":
      begun(shedding, event);
      return;
    case "target-full": {
      const tenant = shedding.calls.get(event.call)?.tenant;
      if (tenant !== undefined) shedding.refused.set(providerOf(event.target), { tenant, atMs: event.atMs });
      return;
    }
    case "call-shed":
      if (event.why === "outage") shed(shedding, event);
      return;
    case "call-end":
      shedding.calls.delete(event.call);
      return;
    case "belief":
      if (event.state === "ejected" || event.state === "probation") shedding.out.add(event.target);
      else shedding.out.delete(event.target);
      return;
  }
}

function called({ watched, calls, out, sheds }: Shedding, { call, route, tenant }: Of<"call-start">): void {
  const { criticalityOf, settings } = watched;
  const targets = settings.routes.find(({ name }) => name === route)?.targets ?? [];
  const outage = targets.every(({ provider, model }) => out.has(`${provider}/${model}`));
  calls.set(call, { tenant, route, outage });
  if (outage && criticalityOf !== undefined) sheds[criticalityOf(call)].seen++;
}

function begun(shedding: Shedding, { call, target, number, atMs }: Of<"attempt-start">): void {
  const { watched, calls, letIn, critical } = shedding;
  const one = calls.get(call);
  if (one === undefined) return;
  fairly(shedding, one.tenant, { target, atMs });
  if (number > 1 || !one.outage) return;
  const criticality = watched.criticalityOf?.(call);
  if (criticality === "critical" && isLetIn(shedding, one.route, atMs)) critical.seen++;
  if (criticality !== "sheddable") return;
  const times = letIn.get(one.route) ?? [];
  letIn.set(one.route, times);
  times.push(atMs);
  if (times.length > LET_IN_MIN) times.shift();
}

function isLetIn({ letIn }: Shedding, route: string, atMs: number): boolean {
  const times = letIn.get(route) ?? [];
  return times.length >= LET_IN_MIN && atMs - (times[0] ?? 0) <= LET_IN_MS;
}

function shed(shedding: Shedding, { call, criticality, atMs }: Of<"call-shed">): void {
  shedding.sheds[criticality].shed++;
  const route = shedding.calls.get(call)?.route;
  if (criticality !== "critical" || route === undefined || !isLetIn(shedding, route, atMs)) return;
  shedding.critical.seen++;
  shedding.critical.shed++;
}

/** Whoever has more than its share and a tenth of a provider takes nothing while another, that has less, is refused. */
function fairly({ watched, refused, violate }: Shedding, tenant: string, at: { target: string; atMs: number }): void {
  const name = providerOf(at.target);
  const last = refused.get(name);
  if (last === undefined || last.tenant === tenant || at.atMs - last.atMs > REFUSED_MS) return;
  const provider = watched.settings.providers.find((one) => one.name === name);
  if (provider === undefined) return;
  const { calls, tenants } = watched.cells.intake(`${name}\n${provider.url}`);
  // With fewer nobody is refused for its share: what was refused was room for what comes by failover.
  if (calls < INTAKE_MIN / 2) return;
  const fair = calls / Math.max(1, tenants.size);
  const has = tenants.get(tenant) ?? 0;
  if (has <= fair + SHARE_SLACK * calls + 1 || (tenants.get(last.tenant) ?? 0) >= fair) return;
  violate("I11", `${tenant} has ${has} of ${calls} calls at ${name} and takes more, ${last.tenant} was refused`);
}

function providerOf(target: string): string {
  return target.slice(0, target.indexOf("/"));
}

/** Of those that came while nobody was believed to answer, the critical were shed least. */
function shedInOrder(sheds: Readonly<Record<Criticality, Shed>>, violate: Violate): void {
  const share = ({ seen, shed }: Shed): number | undefined => (seen < SHED_SEEN_MIN ? undefined : shed / seen);
  const all = [share(sheds.critical), share(sheds.default), share(sheds.sheddable)];
  const shares = all.filter((one) => one !== undefined);
  for (const [place, one] of shares.entries()) {
    if (one > (shares[place + 1] ?? 1) + SHED_SLACK) {
      violate("I11", `shed shares, most critical first: ${shares.join(", ")}`);
    }
  }
}
