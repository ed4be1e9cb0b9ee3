// Why a belief changed, as it stood at that moment: what is kept of it and shown to whoever asks later.

import type { PageWord } from "./cell.ts";

/** Log-evidence by where it came from, in the unit of `ejectAt`. */
export interface BeliefCause {
  /** Of its own calls that failed. */
  readonly outcomes: number;
  /** Of its own calls that are silent. */
  readonly silence: number;
  /** Of other models of its provider. */
  readonly siblings: number;
  /** What the provider's status page added to the others; alone it adds nothing. */
  readonly page: number;
  /** At this sum it is out of rotation. */
  readonly ejectAt: number;
  /** Probes that succeeded since it was left, less those that failed. */
  readonly probes: number;
  /** What the status page said then; absent: it was not read, or not understood. */
  readonly said?: Pick<PageWord, "health" | "incident">;
}
