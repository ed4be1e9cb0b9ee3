// Reading the configuration again while the gateway serves: all of it is taken over, or nothing. What is told goes to
// stderr; when it happens is the caller's business.

import { renderProblems } from "../config/problem.ts";
import type { Settings } from "../core/settings.ts";
import type { ConfigFile } from "./config-file.ts";

export interface ReloadOptions {
  readonly read: () => Promise<ConfigFile>;
  /** Where the gateway serves, whatever the file comes to say. */
  readonly listen: Settings["listen"];
  /** What was opened at the start. */
  readonly store: Settings["store"];
  /** What the file must say of `listen` for a restart to change nothing: flags win over it. */
  readonly wanted: (listen: Settings["listen"]) => Settings["listen"];
  /** Throws, or rejects, where the settings cannot be taken over; then it has changed nothing. */
  readonly apply: (settings: Settings) => void | Promise<void>;
  readonly tell: (text: string) => void;
}

/** `always`: say so even when the file says the same as before. */
export type Reload = (always: boolean) => Promise<void>;

/** One after the other: a signal and a change of the file may come together. */
export function createReload(options: ReloadOptions, text: string): Reload {
  const { read, listen, store, wanted, apply, tell } = options;
  let last = text;
  let queue = Promise.resolve();
  const once = async (always: boolean): Promise<void> => {
    const config = await read();
    if (!config.found) return tell(`${config.message ?? "the configuration is gone"}\nholdfast: nothing has changed`);
    if (config.text === last && !always) return;
    last = config.text;
    const { file, loaded } = config;
    if (!loaded.ok) {
      tell(`${renderProblems(loaded.problems)}\nholdfast: ${file} was not taken over: nothing has changed`);
      return;
    }
    if (loaded.warnings.length > 0) tell(`warnings:\n${renderProblems(loaded.warnings)}`);
    try {
      await apply({ ...loaded.settings, listen });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(`${why}\nholdfast: ${file} was not taken over: nothing has changed`);
      return;
    }
    const { routes, providers } = loaded.settings;
    tell(`holdfast: took over ${file}: ${count(routes.length, "route")}, ${count(providers.length, "provider")}`);
    if (nameOf(loaded.settings.store) !== nameOf(store))
      tell(`holdfast: still with ${nameOf(store)}: a change of \`store\` takes a restart`);
    const next = wanted(loaded.settings.listen);
    if (next.host === listen.host && next.port === listen.port) return;
    tell(`holdfast: still on ${listen.host}:${listen.port}: a change of \`listen\` takes a restart`);
  };
  return (always) => {
    queue = queue.then(() => once(always));
    return queue;
  };
}

function nameOf(store: Settings["store"]): string {
  if (store === undefined) return "the default store";
  return store === "memory" ? "`store: memory`" : `\`store: sqlite:${store.path}\``;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
