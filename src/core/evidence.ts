// What gateways of one fleet tell each other of the targets that they share: what happened, never a verdict. How it travels
// is another matter; it may be late or lost, and one gateway alone is always correct.

/** `unproven`: it answered, and nobody can say that it answered well. */
export type ProbeVerdict = "well" | "unproven" | "sick";

/** Of one target, since the last that was told of it. */
export interface Evidence {
  /** Provider, url and model: gateways of a fleet know a target by the same. */
  readonly identity: string;
  /** Calls whose route has the target, and attempts on it. */
  readonly offered: number;
  readonly attempted: number;
  readonly outcomes: readonly PeerOutcome[];
  /** What each probe showed. */
  readonly probes: readonly ProbeVerdict[];
  /** The sender holds it for sick and sees to its probes. */
  readonly onDuty: boolean;
}

export interface PeerOutcome {
  readonly failed: boolean;
  /** As the fault's `evidence`; 1 for a success. */
  readonly weight: number;
  /** How long ago the attempt began, in milliseconds. */
  readonly agoMs: number;
}

export interface EvidenceBatch {
  /** Who tells. */
  readonly from: string;
  readonly targets: readonly Evidence[];
}
