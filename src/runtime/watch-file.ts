// Tells when a file says something else: written in place, replaced by another (editors, `mv`), or reached through a link
// that was turned (a Kubernetes ConfigMap). By looking at it once a second: events of the system are lost on network
// drives and for links, and a configuration is in no hurry. Not for many files.

import { stat } from "node:fs/promises";
import type { Clock } from "../core/runtime.ts";

const POLL_MS = 1_000;

export interface WatchOptions {
  readonly clock: Clock;
  readonly pollMs?: number;
}

/**
 * Calls `changed` once the file is another than at the start or at the last call, and has not changed again for one poll:
 * whoever writes it in pieces is done by then. A file that is gone is waited for. Gives a function that ends it.
 */
export function watchFile(path: string, changed: () => void, { clock, pollMs = POLL_MS }: WatchOptions): () => void {
  let told: string | undefined;
  let last: string | undefined;
  let over = false;
  let disarm = () => {};
  const look = async (): Promise<void> => {
    const now = await signature(path);
    if (over) return;
    told ??= now;
    if (now !== undefined && now !== told && now === last) {
      told = now;
      changed();
    }
    last = now;
    disarm = clock.after(pollMs, () => void look());
  };
  void look();
  return () => {
    over = true;
    disarm();
  };
}

/** What differs between two files, or two states of one; of the file that a link leads to. */
async function signature(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return undefined;
  }
}
