// What `up` is going to serve: the configuration, else what the environment has, else the demo; with the flags that win
// over it, and a way to read it again. Serving is `up`'s business.

import { LISTEN_DEFAULTS } from "../config/defaults.ts";
import { type Problem, renderProblems } from "../config/problem.ts";
import { type ZeroConfig, zeroConfigText } from "../config/zero-config.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { watchFile } from "../runtime/watch-file.ts";
import { readConfigFile, readConfiguration } from "./config-file.ts";
import { startDemo } from "./demo.ts";
import { type Flags, textFlag } from "./flags.ts";
import { createReload } from "./reload.ts";

type Listen = Settings["listen"];

const LOOK_AGAIN_MS = 1_000;

export interface Plan {
  readonly settings: Settings;
  /** Shows what happens by itself, in place of the call log. */
  readonly view?: (event: GatewayEvent) => void;
  /** How long all must be well before an incident is over; absent: as everywhere. */
  readonly cleanMs?: number;
  announce(url: string): void;
  /** Absent where there is nothing that could change. Gives what SIGHUP does; changes of the file are seen by themselves. */
  follow?(apply: (settings: Settings) => void | Promise<void>): () => void;
  stop(): void;
}

/** `undefined` after telling what is wrong. */
export async function makePlan(flags: Flags, clock: Clock): Promise<Plan | undefined> {
  const wanted = (listen: Listen) => listenOf(listen, flags);
  const named = textFlag(flags, "config");
  const config = await readConfiguration(named, wanted(LISTEN_DEFAULTS).port);
  switch (config.from) {
    case "unreadable":
      return refuse(config.message);
    case "nothing":
      return startDemo(wanted(LISTEN_DEFAULTS));
    case "environment":
      return fromEnvironment(config.zero, wanted);
    case "file": {
      const { loaded, text, name } = config;
      if (!loaded.ok) return refuse(renderProblems(loaded.problems));
      warn(loaded.warnings);
      const listen = wanted(loaded.settings.listen);
      const follow = follower({ named, file: name, text, listen, store: loaded.settings.store, wanted, clock });
      return { settings: { ...loaded.settings, listen }, announce() {}, ...follow };
    }
  }
}

function refuse(message: string): undefined {
  console.error(message);
}

function warn(warnings: readonly Problem[]): void {
  if (warnings.length > 0) console.error(`warnings:\n${renderProblems(warnings)}`);
}

function fromEnvironment(zero: ZeroConfig, wanted: (listen: Listen) => Listen): Plan | undefined {
  for (const note of zero.notes) console.error(`holdfast: ${note}`);
  const { loaded } = zero;
  if (!loaded.ok) return refuse(`${renderProblems(loaded.problems)}\nholdfast: this came from the environment`);
  console.error(`holdfast: ${zeroConfigText(zero)}`);
  return { settings: { ...loaded.settings, listen: wanted(loaded.settings.listen) }, announce() {}, stop() {} };
}

interface Followed {
  readonly named: string | undefined;
  readonly file: string;
  readonly text: string;
  readonly listen: Listen;
  readonly store: Settings["store"];
  readonly wanted: (listen: Listen) => Listen;
  readonly clock: Clock;
}

function follower({ named, file, text, clock, ...fixed }: Followed): Required<Pick<Plan, "follow" | "stop">> {
  let stop = () => {};
  return {
    follow(apply) {
      const read = () => readConfigFile(named ?? file);
      const reload = createReload({ read, ...fixed, apply, tell: (told) => console.error(told) }, text);
      const unwatch = watchFile(file, () => void reload(false), { clock });
      // What was changed after it was read and before it was watched, while keys were fetched, say.
      const disarm = clock.after(LOOK_AGAIN_MS, () => void reload(false));
      stop = () => {
        unwatch();
        disarm();
      };
      return () => void reload(true);
    },
    stop: () => stop(),
  };
}

/** The flags win. */
function listenOf(listen: Listen, flags: Flags): Listen {
  const port = textFlag(flags, "port");
  return { host: textFlag(flags, "host") ?? listen.host, port: port === undefined ? listen.port : Number(port) };
}
