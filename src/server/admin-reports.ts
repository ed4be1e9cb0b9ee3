// `GET /admin/v1/reports/impact`: a report on the gateway by itself, as JSON. It is computed in small parts, so that calls
// go on meanwhile; one at a time.

import type { Engine } from "../engine/engine.ts";
import type { Observers } from "../observe/observers.ts";
import { impactOf } from "../reports/impact.ts";
import type { ImpactReport } from "../reports/impact-report.ts";
import { unknownProvider } from "../reports/minute-counts.ts";
import { spanOf } from "../reports/span.ts";
import { type AdminFault, adminFault } from "./admin-fault.ts";
import { unknownParameter } from "./admin-query.ts";

const KNOWN = ["from", "to", "month", "provider"];
/** Engines at work on a report. */
const busy = new WeakSet<Engine>();

export async function reportImpact(
  engine: Engine,
  observers: Observers | undefined,
  query: URLSearchParams,
): Promise<AdminFault | Readonly<Record<keyof ImpactReport, unknown>>> {
  const ledger = observers?.ledger;
  if (ledger === undefined) return adminFault(404, "not-found", "This gateway keeps no ledger.");
  const unknown = unknownParameter(query, KNOWN);
  if (unknown !== undefined) return unknown;
  const { clock, wallMs } = engine.runtime;
  const asked = (name: string) => query.get(name) ?? undefined;
  const span = spanOf({ month: asked("month"), from: asked("from"), to: asked("to") }, wallMs());
  if (typeof span === "string") return adminFault(400, "invalid-request", `${span}.`);
  if (busy.has(engine)) return adminFault(503, "busy", "Another report is being made; ask again in a moment.");
  busy.add(engine);
  try {
    ledger.flush();
    const provider = asked("provider");
    const stranger = provider === undefined ? undefined : unknownProvider(ledger.reader, provider);
    if (stranger !== undefined) return adminFault(404, "not-found", `${stranger}.`);
    const turn = () => new Promise<void>((resolve) => void clock.after(0, resolve));
    return {
      provider: undefined,
      added: undefined,
      ...(await impactOf(ledger.reader, { ...span, provider }, { turn })),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return adminFault(503, "unavailable", `The ledger cannot be read: ${reason}.`);
  } finally {
    busy.delete(engine);
  }
}
