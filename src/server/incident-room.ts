// All that a gateway does about incidents, put together: the desk that follows them, the notifier that tells of them. The
// server mounts what it gives; the engine knows only a reader more.

import type { Database } from "../core/database.ts";
import type { FactReader } from "../core/fact-readers.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { PublishPolicy } from "../core/incident.ts";
import type { SendMail } from "../core/notice.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import type { Assess } from "../incidents/assess.ts";
import { createDesk, type Desk } from "../incidents/desk.ts";
import { noticeOf, targetNotice } from "../incidents/notices.ts";
import { factNotice } from "../notify/fact-notices.ts";
import { createNotifier, type Notifier } from "../notify/notifier.ts";
import type { CallReader } from "../observe/follow-calls.ts";
import type { Ledger } from "../observe/ledger/ledger.ts";
import { createIncidentTally, type IncidentTally } from "../reports/incident-impact.ts";

export interface IncidentRoom {
  readonly desk: Desk;
  readonly notifier: Notifier;
  /** For the engine. */
  readonly readers: readonly FactReader[];
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
  readonly sendMail: SendMail;
  readonly database?: Database | undefined;
  /** What incidents came to; absent: they count their calls by themselves, and know nothing of users and money. */
  readonly ledger?: Pick<Ledger, "flush" | "reader"> | undefined;
  readonly warn: (message: string) => void;
  /** How long all must be well before an incident is over; default: ten minutes. */
  readonly cleanMs?: number | undefined;
}

export function createIncidentRoom(options: RoomOptions): IncidentRoom {
  const { runtime, settings, sendMail, database, ledger, warn, cleanMs } = options;
  let at = "";
  const pageUrl = (): string => `${at}/status`;
  const notifier = createNotifier({ runtime, channels: settings.notify ?? [], sendMail, database, warn });
  const desk = createDesk({
    runtime,
    routes: settings.routes,
    policy: policyOf(settings),
    warn,
    listener: (changes) => notifier.accept(changes.flatMap((change) => noticeOf(change, pageUrl()) ?? [])),
    ...(database !== undefined && { database }),
    ...(ledger !== undefined && { assess: assessor(ledger, runtime) }),
    ...(cleanMs !== undefined && { cleanMs }),
  });
  const tell = (kind: string, event: GatewayEvent): void => {
    if (!notifier.wants(kind)) return;
    const nowMs = desk.nowMs();
    const notice =
      event.type === "belief"
        ? targetNotice(event, { book: desk.book, pageUrl: pageUrl(), nowMs })
        : factNotice(event, nowMs);
    // A call that moved a belief must not wait for a disk.
    if (notice !== undefined) runtime.clock.after(0, () => notifier.accept([notice]));
  };
  /** Facts that are told by themselves, incident or not. */
  const told: FactReader = {
    belief: (event) => tell("target", event),
    slo: (event) => tell("slo", event),
    "budget-warning": (event) => tell("budget", event),
  };
  return {
    desk,
    notifier,
    readers: [desk.read, told],
    readCall: desk.readCall,
    takeOver(now) {
      notifier.takeOver(now.notify ?? []);
      desk.takeOver(now.routes, policyOf(now));
    },
    start(url) {
      at = url;
      desk.start();
    },
    url: () => at,
    stop() {
      desk.stop();
      notifier.stop();
    },
  };
}

/** Incidents whose sums are remembered at once; others are summed anew. */
const TALLIES_MAX = 20;

/** In small parts, so that calls go on meanwhile. */
function assessor({ flush, reader }: Pick<Ledger, "flush" | "reader">, { clock }: Runtime): Assess {
  const turn = () => new Promise<void>((resolve) => void clock.after(0, resolve));
  const tallies = new Map<string, IncidentTally>();
  return async ({ domain, fromMs, toMs }) => {
    const key = `${domain}@${fromMs}`;
    const tally = tallies.get(key) ?? createIncidentTally(reader, domain, fromMs);
    tallies.delete(key);
    tallies.set(key, tally);
    const [oldest] = tallies.keys();
    if (tallies.size > TALLIES_MAX && oldest !== undefined) tallies.delete(oldest);
    flush();
    return tally.read(toMs, turn);
  };
}

/** Where strangers read the page, a person looks first. */
function policyOf({ statusPage }: Settings): PublishPolicy {
  return statusPage === "public" ? "by-hand" : "at-once";
}
