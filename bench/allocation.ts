// What a whole call allocates, in bytes: the growth of a process that never collects. It is nearly the same on any machine,
// however busy, and it tells more than a profile: most of what a call costs is memory that is touched for the first time.

import type { Figure } from "./figure.ts";
import type { Subject } from "./gateway.ts";
import { quartiles, rssKb } from "./measure.ts";
import { WHOLE_MARKS } from "./payload.ts";
import { jobOf, MODELS, NAMES, type Options } from "./scenarios.ts";
import { type Ask, runLoad, serverOf, startWorld, verify } from "./world.ts";

const NEVER_COLLECTS = { BUN_JSC_useGC: "0" };
/** Until what grows with the first calls (compiled code, tables) has grown. */
const WARM_CALLS = 8_000;
const CALLS = 10_000;

interface Weighed {
  readonly bytes: number;
  readonly lost: number;
}

async function weigh(subject: Subject, ask: Omit<Ask, "server">, options: Options): Promise<Weighed> {
  const world = await startWorld([subject], options.noise, NEVER_COLLECTS);
  try {
    const server = serverOf(world, subject);
    const asked = { ...ask, server };
    const load = { stream: false, concurrency: 32, rampMs: 0, marks: WHOLE_MARKS, limitMs: 60_000 };
    await verify(asked, WHOLE_MARKS);
    await runLoad(jobOf(asked, { ...load, calls: WARM_CALLS }));
    const beforeKb = rssKb(server.pid);
    const outcome = await runLoad(jobOf(asked, { ...load, calls: CALLS }));
    const bytes = ((rssKb(server.pid) - beforeKb) * 1_024) / CALLS;
    options.say(`  ${subject} ${ask.model}: ${Math.round(bytes)} bytes a call`);
    return { bytes, lost: outcome.failed };
  } finally {
    await world.stop();
  }
}

/** KB a call, with answers kept as by default, and without. */
export async function bytes(options: Options): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const dialect of ["anthropic", "chat"] as const) {
    options.say(`bytes a call, ${NAMES[dialect]}`);
    const ask = (model: string) => ({ dialect, model, stream: false });
    const relay = await weigh("relay", ask(MODELS[dialect].native), options);
    const unkept = dialect === "anthropic" ? "claude-unkept" : "gpt-unkept";
    for (const [name, model] of [
      ["kept", MODELS[dialect].native],
      ["not kept", unkept],
    ] as const) {
      const gateway = await weigh("gateway", ask(model), options);
      figures.push({
        name: `allocated by a call that is ${name}, ${NAMES[dialect]}`,
        unit: "KB",
        values: { relay: quartiles([relay.bytes / 1_024]), gateway: quartiles([gateway.bytes / 1_024]) },
        samples: 1,
        lost: relay.lost + gateway.lost,
        notes: [],
      });
    }
  }
  return figures;
}
