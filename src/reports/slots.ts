// The span of a report in equal parts, for its plots: calls that were hit, and the share of each provider's attempts that
// failed. Bounded whatever the span.

import { CALL } from "../observe/ledger/fields.ts";
import type { MinuteSpan } from "../observe/ledger/read.ts";
import type { Slots } from "./impact-report.ts";
import { isoOfMinute } from "./span.ts";
import type { Sums } from "./sums.ts";

const SLOTS_MAX = 144;
const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400];

interface Slot {
  calls: number;
  rescued: number;
  word: number;
  rawError: number;
  readonly valid: Map<string, number>;
  readonly failed: Map<string, number>;
}

export interface SlotBook {
  /** While `sums` holds this minute. */
  add(minute: number, sums: Sums): void;
  done(): Slots;
}

export function createSlots({ fromMinute, toMinute }: MinuteSpan, providers: readonly string[]): SlotBook {
  const width = WIDTHS.find((minutes) => (toMinute - fromMinute) / minutes <= SLOTS_MAX) ?? 14_400;
  const slots: Slot[] = Array.from({ length: Math.ceil((toMinute - fromMinute) / width) }, () => ({
    calls: 0,
    rescued: 0,
    word: 0,
    rawError: 0,
    valid: new Map(),
    failed: new Map(),
  }));
  return {
    add(minute, sums) {
      const slot = slots[Math.floor((minute - fromMinute) / width)];
      if (slot === undefined) return;
      slot.calls += sums.minuteAll();
      for (const vector of sums.minuteHits()) {
        const count = (field: number) => vector[field] ?? 0;
        slot.rescued += count(CALL.rescued);
        slot.word += count(CALL.stale) + count(CALL.local) + count(CALL.canned) + count(CALL.deferred);
        slot.rawError += count(CALL.refused) + count(CALL.broken);
      }
      for (const provider of providers) {
        const { valid, failed } = sums.minuteAttempts(provider);
        slot.valid.set(provider, (slot.valid.get(provider) ?? 0) + valid);
        slot.failed.set(provider, (slot.failed.get(provider) ?? 0) + failed);
      }
    },
    done: () => ({
      minutes: width,
      from: slots.map((_, index) => isoOfMinute(fromMinute + index * width)),
      calls: slots.map(({ calls }) => calls),
      rescued: slots.map(({ rescued }) => rescued),
      word: slots.map(({ word }) => word),
      rawError: slots.map(({ rawError }) => rawError),
      failing: Object.fromEntries(
        providers.map((provider) => [
          provider,
          slots.map(({ valid, failed }) => {
            const all = valid.get(provider) ?? 0;
            return all === 0 ? null : (failed.get(provider) ?? 0) / all;
          }),
        ]),
      ),
    }),
  };
}
