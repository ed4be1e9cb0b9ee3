// A provider's keys as cells and values: found, read again where they are kept outside the settings, and noted by outcome.
// Which of them to take, `policies/key-rotation.ts` says.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Cells } from "../core/cell.ts";
import type { Fault } from "../core/fault.ts";
import type { KeySource, ProviderSettings, Secrets } from "../core/settings.ts";
import {
  hasWellKey,
  type KeyStanding,
  type KeyState,
  keyStanding,
  noteFault,
  noteSuccess,
  pausedUntilMs,
  pickKey,
  takeKey,
} from "../policies/key-rotation.ts";

/** For an engine whose keys are all in its settings. */
export const NO_SECRETS: Secrets = { current: () => undefined, rejected() {} };

/** Of a fingerprint, in facts and reports: enough to tell one's own keys apart. */
const ACCOUNT_CHARS = 12;

export interface KeyContext {
  readonly provider: ProviderSettings;
  /** A rate limit belongs to a key and a model; "" for what belongs to no model. */
  readonly model: string;
  readonly cells: Cells;
  readonly secrets: Secrets;
}

/** One key as it is now, with what was made of it for its owner. */
export interface KeySlot<T> extends KeyState {
  readonly source: KeySource | undefined;
  readonly value: string | undefined;
  readonly made: T;
}

export interface Keyring<T> {
  standing(nowMs: number): KeyStanding;
  /** How many keys can be read, and how many of them may be used at once. */
  count(nowMs: number): { readonly all: number; readonly free: number };
  /** The key to use now; `undefined` when none could be read. A provider without keys has one slot without a value. */
  take(nowMs: number): KeySlot<T> | undefined;
  /** The same for a question about the target: never a key that is tried again. */
  takeWell(nowMs: number): KeySlot<T> | undefined;
  /** Another key is well. */
  hasOther(slot: KeySlot<T>, nowMs: number): boolean;
  /** What came of an attempt with it. `status` is the provider's, when one came. */
  note(
    slot: KeySlot<T>,
    outcome: { readonly fault?: Fault; readonly status?: number | undefined },
    nowMs: number,
  ): void;
}

/** What is made of a key; `account` is its fingerprint. */
type Make<T> = (value: string | undefined, account: string | undefined, state: KeyState) => T;

/** `make` is called once for each value that a key takes. */
export function createKeyring<T>(context: KeyContext, make: Make<T>): Keyring<T> {
  const { provider, secrets } = context;
  const read = reader(context, make);
  return {
    standing: (nowMs) => keyStanding(read(), nowMs),
    count(nowMs) {
      const slots = read();
      const free = slots.filter(
        ({ key, pause }) => nowMs >= key.restUntilMs && nowMs >= pausedUntilMs(pause) && !pause.evidence?.sick,
      );
      return { all: slots.length, free: free.length };
    },
    take(nowMs) {
      const slots = read();
      const slot = slots[pickKey(slots, nowMs)];
      if (slot !== undefined) takeKey(slot, nowMs);
      return slot;
    },
    takeWell(nowMs) {
      const slots = read();
      return slots[pickKey(slots, nowMs, false)];
    },
    hasOther: (slot, nowMs) => hasWellKey(read(), slot, nowMs),
    note(slot, { fault, status }, nowMs) {
      if (fault === undefined) return noteSuccess(slot);
      noteFault(slot, { fault, status, several: provider.keys.length > 1, nowMs });
      const { source } = slot;
      if (fault.kind === "credential-rejected" && typeof source === "object") secrets.rejected(source);
    },
  };
}

/** Gives the keys that can be used: those in the settings as they are, the others as they were last read. */
function reader<T>(context: KeyContext, make: Make<T>): () => readonly KeySlot<T>[] {
  const { provider, secrets } = context;
  const fill = (source: KeySource | undefined, value: string | undefined): KeySlot<T> => {
    const state = cellsOf(context, value);
    const account = value === undefined ? undefined : printOf(value).slice(0, ACCOUNT_CHARS);
    return { source, value, made: make(value, account, state), ...state };
  };
  if (provider.keys.length === 0) {
    const only = [fill(undefined, undefined)];
    return () => only;
  }
  const slots = provider.keys.map((source) => (typeof source === "string" ? fill(source, source) : undefined));
  const fixed = slots.every((slot) => slot !== undefined) ? slots : undefined;
  return () => fixed ?? refresh(slots, provider.keys, (source) => secrets.current(source), fill);
}

function refresh<T>(
  slots: (KeySlot<T> | undefined)[],
  sources: readonly KeySource[],
  current: Secrets["current"],
  fill: (source: KeySource, value: string) => KeySlot<T>,
): readonly KeySlot<T>[] {
  const found: KeySlot<T>[] = [];
  sources.forEach((source, place) => {
    const value = typeof source === "string" ? source : current(source);
    if (value === undefined) return;
    // A new value is a new key: what was held against the old one is not held against it.
    const known = slots[place];
    const slot = known?.value === value ? known : fill(source, value);
    slots[place] = slot;
    found.push(slot);
  });
  return found;
}

function cellsOf({ provider: { name, url }, model, cells }: KeyContext, value: string | undefined): KeyState {
  const print = value === undefined ? "none" : printOf(value);
  return { key: cells.key(`${name}\n${url}\n${print}`), pause: cells.target(`${name}\n${url}\n${model}\n${print}`) };
}

/** To tell keys apart without keeping them in one more place. */
function printOf(value: string): string {
  return bytesToHex(sha256(utf8ToBytes(value))).slice(0, 24);
}
