// The objectives of a running gateway: counted from its facts, kept in its store where there is one, told as facts. Never a
// reason not to serve.

import type { Database } from "../core/database.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import type { SloReading } from "../core/slo.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createSloStore } from "../sla/slo-store.ts";
import { createSloWatch, type SloKeeping, type SloWatch } from "../sla/slo-watch.ts";

export interface Objectives {
  readonly read: (event: GatewayEvent) => void;
  readonly readings: () => readonly SloReading[];
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
  let emit: (event: GatewayEvent) => void = () => {};
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
    watch = undefined;
    if (slos.length === 0) return;
    keeping ??= openKeeping(database, wallMs(), warn);
    const nowMs = clock.now();
    const options = { slos, nowMs, offsetMs: wallMs() - nowMs, emit: (fact: GatewayEvent) => emit(fact) };
    watch = createSloWatch({ ...options, keeping: enduring(keeping, warn) });
    disarm = clock.after(BEAT_MS, beat);
  };
  begin(settings.slos);
  return {
    read: (event) => watch?.read(event),
    readings: () => watch?.readings(clock.now()) ?? [],
    takeOver(now) {
      if (JSON.stringify(now.slos ?? []) !== JSON.stringify(slos)) begin(now.slos);
    },
    tellBy(now) {
      emit = now;
    },
    end() {
      save();
      disarm?.();
      disarm = undefined;
    },
  };
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
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
