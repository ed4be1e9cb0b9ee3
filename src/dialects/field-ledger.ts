// What becomes of each field of a request that is sent to a target of another dialect, as data: the codecs read it where they
// go by the field's name, a test sends every row through them, and the reference page is made from it. On the native lane
// nothing becomes of any field: the bytes stay.

/**
 * `mapped`: carried, nothing is lost. `approximated`: carried in another form, and named in `x-holdfast-lossy`. `dropped`: left
 * out, and named there. `rejected`: that target cannot be used for it; where no other can, the call is refused with the field's name.
 * Under `strict` what is approximated or dropped is refused as well.
 */
export type Fate = "mapped" | "approximated" | "dropped" | "rejected";

export interface FieldRow {
  /** The path in the client's names; `[]` stands for every element. */
  readonly field: string;
  /** Which values or targets the row is for; absent: all. */
  readonly when?: string;
  readonly fate: Fate;
  /** What it becomes, or why it cannot be carried. */
  readonly note: string;
  /** Where the loss is named, if not at the field itself. */
  readonly named?: string;
}

export function fieldRow(
  fate: Fate,
  field: string,
  note: string,
  more: Pick<FieldRow, "when" | "named"> = {},
): FieldRow {
  return { field, fate, note, ...more };
}

/** Names at the top level that have one of these fates whatever their value. */
export function topLevel(ledger: readonly FieldRow[], ...fates: readonly Fate[]): ReadonlySet<string> {
  return new Set(ledger.flatMap(({ field, fate }) => (/^\w+$/.test(field) && fates.includes(fate) ? [field] : [])));
}

/** Why a field is dropped, by the last name of its path. */
export function reasonsOfDropped(ledger: readonly FieldRow[]): Readonly<Record<string, string>> {
  const dropped = ledger.filter(({ fate }) => fate === "dropped");
  return Object.fromEntries(dropped.map(({ field, note }) => [/\w+$/.exec(field)?.[0] ?? field, note]));
}
