// Provider keys that are kept in files or printed by commands, for a gateway that runs: read before it serves and before a
// new configuration is taken over. Trouble is told on stderr and stops nothing: other providers can answer meanwhile.

import type { Clock } from "../core/runtime.ts";
import type { KeySource, Secrets, Settings } from "../core/settings.ts";
import { createSecretReader } from "../runtime/secrets.ts";

export interface KeyReading {
  readonly secrets: Secrets;
  /** Reads the keys of these settings, then lets `apply` take the settings over; where it throws, all stays as it was. */
  takeOver(settings: Settings, apply: (settings: Settings) => void): Promise<void>;
  stop(): void;
}

export function startKeyReading(clock: Clock): KeyReading {
  const warn = (problem: string) => console.error(`holdfast: a provider's key could not be read: ${problem}`);
  const reader = createSecretReader({ clock, warn });
  let used: readonly KeySource[] = [];
  return {
    secrets: reader,
    async takeOver(settings, apply) {
      const wanted = settings.providers.flatMap(({ keys }) => keys);
      for (const problem of await reader.follow([...used, ...wanted])) warn(problem);
      try {
        apply(settings);
        used = wanted;
      } finally {
        await reader.follow(used);
      }
    },
    stop: reader.stop,
  };
}
