// The objectives of a running gateway: counted from its facts, kept in its store where there is one, told as facts. Never a
// reason not to serve.

import type { Database } from "../core/database.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings, SloSettings } from "../core/settings.ts";
import type { SloReading, SloSpan } from "../core/slo.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createSloStore, identityOf, readSloStore } from "../sla/slo-store.ts";
import { type Burnt, createSloWatch, type SloKeeping, type SloWatch } from "../sla/slo-watch.ts";

export interface Objectives {
  readonly read: (event: GatewayEvent) => void;
  readonly readings: () => readonly SloReading[];
  /** `undefined`: that is no month. Throws when the store does. */
  readonly past: (span: SloSpan) => readonly SloReading[] | undefined;
  /** Objectives that are as they were go on; others begin with what the store has of them. */
  takeOver(settings: Settings): void;
  /** Where facts go, once somebody listens. */
  tellBy(emit: (event: GatewayEvent) => void): void;
  /** Writes what waits. The store stays open. */
  end(): void;
}

export interface ObjectivesOptions {
  readonly runtime: Pick<Runtime, "clock" | "wallMs">;
  readonly database: Database | undefined;
  readonly settings: Settings;
  readonly warn: (message: string) => void;
}

const BEAT_MS = 10_000;

export function startObjectives({ runtime, database, settings, warn }: ObjectivesOptions): Objectives {
  const { clock, wallMs } = runtime;
  const { tell, tellBy } = createTelling();
  let slos: NonNullable<Settings["slos"]> = [];
  let watch: SloWatch | undefined;
  let keeping: SloKeeping | undefined;
  let isFailing = false;
  let disarm: (() => void) | undefined;
  const save = (): void => {
    try {
      watch?.save();
      if (isFailing) warn("the counts of objectives are written again");
      isFailing = false;
    } catch (error) {
      if (!isFailing) warn(`the counts of objectives cannot be written (${reasonOf(error)}); it is tried again`);
      isFailing = true;
    }
  };
  const beat = (): void => {
    watch?.tick(clock.now());
    save();
    disarm = clock.after(BEAT_MS, beat);
  };
  const begin = (now: Settings["slos"] = []): void => {
    save();
    disarm?.();
    disarm = undefined;
    slos = now;
    const burnt = watch?.burning() ?? [];
    watch = undefined;
    if (slos.length > 0 || hasCounts(database)) keeping ??= enduring(openKeeping(database, wallMs(), warn), warn);
    const atMs = clock.now();
    for (const slo of gone(burnt, slos, keeping)) tell(endOf(slo, atMs));
    if (slos.length === 0 || keeping === undefined) return;
    watch = createSloWatch({ slos, nowMs: atMs, offsetMs: wallMs() - atMs, emit: tell, keeping });
    disarm = clock.after(BEAT_MS, beat);
  };
  begin(settings.slos);
  return {
    read: (event) => watch?.read(event),
    readings: () => watch?.readings(clock.now()) ?? [],
    past(span) {
      save();
      return watch === undefined ? [] : watch.past(span);
    },
    takeOver(now) {
      if (JSON.stringify(now.slos ?? []) !== JSON.stringify(slos)) begin(now.slos);
    },
    tellBy,
    end() {
      save();
      disarm?.();
      disarm = undefined;
    },
  };
}

/** What comes before anybody listens waits: there is one such fact an objective. */
function createTelling(): { tell(event: GatewayEvent): void; tellBy: Objectives["tellBy"] } {
  let emit: ((event: GatewayEvent) => void) | undefined;
  let early: GatewayEvent[] = [];
  return {
    tell(event) {
      if (emit === undefined) early.push(event);
      else emit(event);
    },
    tellBy(now) {
      emit = now;
      for (const event of early) now(event);
      early = [];
    },
  };
}

/** Those that were told to burn, now or before a restart, and that nobody follows any more: whoever was woken is told of the end. */
function gone(
  burnt: ReturnType<SloWatch["burning"]>,
  slos: readonly SloSettings[],
  keeping: SloKeeping | undefined,
): readonly Burnt[] {
  const known = new Set(slos.map(identityOf));
  const lost = burnt.flatMap(({ slo, severity }) => {
    return known.has(identityOf(slo)) ? [] : { name: slo.name, route: slo.route, severity };
  });
  const isNew = ({ name, route }: Burnt) => !lost.some((one) => one.name === name && one.route === route);
  return [...lost, ...(keeping?.orphans(slos) ?? []).filter(isNew)];
}

function endOf({ name, route, severity }: Burnt, atMs: number): GatewayEvent {
  return { type: "slo", atMs, call: "", slo: name, route, state: "recovered", severity, burnRate: 0, ended: true };
}

/** Whoever has no objectives needs no tables of them. */
function hasCounts(database: Database | undefined): boolean {
  try {
    return database !== undefined && readSloStore(database) !== undefined;
  } catch {
    return false;
  }
}

/** In memory they still outlive a reload. */
function openKeeping(database: Database | undefined, nowMs: number, warn: (message: string) => void): SloKeeping {
  if (database !== undefined) {
    try {
      return createSloStore(database, nowMs);
    } catch (error) {
      warn(`objectives cannot use the store (${reasonOf(error)}); their counts end with this gateway`);
    }
  }
  return createSloStore(openMemoryDatabase(), nowMs);
}

/** An objective whose past cannot be read begins without it. */
function enduring(keeping: SloKeeping, warn: (message: string) => void): SloKeeping {
  return {
    ...keeping,
    load(slo, window) {
      try {
        return keeping.load(slo, window);
      } catch (error) {
        warn(`what was counted of the objective "${slo.name}" cannot be read (${reasonOf(error)}); it begins anew`);
        return undefined;
      }
    },
    orphans(slos) {
      try {
        return keeping.orphans(slos);
      } catch (error) {
        warn(`which objectives were told to burn cannot be read (${reasonOf(error)})`);
        return [];
      }
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
