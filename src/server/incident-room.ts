// All that a gateway does about incidents, put together: the desk that follows them and whoever is told. The server mounts
// what it gives; the engine knows only a reader more.

import type { Database } from "../core/database.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { PublishPolicy } from "../core/incident.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createDesk, type Desk } from "../incidents/desk.ts";
import type { CallReader } from "../observe/follow-calls.ts";

export interface IncidentRoom {
  readonly desk: Desk;
  /** For the engine. */
  readonly read: (event: GatewayEvent) => void;
  /** For the observers. */
  readonly readCall: CallReader;
  takeOver(settings: Settings): void;
  /** `url`: where the gateway is reached, without a trailing slash. */
  start(url: string): void;
  /** As it was started; empty before. */
  url(): string;
  stop(): void;
}

export interface RoomOptions {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly database?: Database | undefined;
  readonly warn: (message: string) => void;
}

export function createIncidentRoom({ runtime, settings, database, warn }: RoomOptions): IncidentRoom {
  let at = "";
  const desk = createDesk({
    runtime,
    routes: settings.routes,
    policy: policyOf(settings),
    warn,
    ...(database !== undefined && { database }),
  });
  return {
    desk,
    read: desk.read,
    readCall: desk.readCall,
    takeOver: (now) => desk.takeOver(now.routes, policyOf(now)),
    start(url) {
      at = url;
      desk.start();
    },
    url: () => at,
    stop: desk.stop,
  };
}

/** Where strangers read the page, a person looks first. */
function policyOf({ statusPage }: Settings): PublishPolicy {
  return statusPage === "public" ? "by-hand" : "at-once";
}
