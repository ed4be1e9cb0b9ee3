// Minutes of evidence as rows of a table, the same in a report and in a pack for a claim. New columns go to the end.

import { FAILURE_CLASSES, type MinuteCount } from "./sla.ts";

/** Of the counts alone; what the rest of a row is called differs. `own_` is what Holdfast asked itself, by class. */
export const COUNT_COLUMNS: readonly string[] = [
  ...FAILURE_CLASSES,
  "probes",
  "probes_failed",
  "canaries",
  "canaries_failed",
  "own_valid",
  ...FAILURE_CLASSES.map((name) => `own_${name}`),
];

/** In the order of `COUNT_COLUMNS`. */
export function countCells({ by, own }: MinuteCount): readonly number[] {
  return [
    ...FAILURE_CLASSES.map((name) => by[name] ?? 0),
    own?.probes ?? 0,
    own?.probesFailed ?? 0,
    own?.canaries ?? 0,
    own?.canariesFailed ?? 0,
    own?.valid ?? 0,
    ...FAILURE_CLASSES.map((name) => own?.by[name] ?? 0),
  ];
}
