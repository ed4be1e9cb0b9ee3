// Ties one key's quota at one target to its attempts: what is sent, what the provider's headers tell, what it took. The rules
// are in `policies/quota.ts`. Where a provider tells no limits there is no cell, and nothing is done.

import type { Call } from "../core/call.ts";
import type { TargetCell } from "../core/cell.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Usage } from "../core/usage.ts";
import {
  createQuota,
  debitQuota,
  doubtQuota,
  learnUsage,
  type Need,
  needOf,
  quotaWaitMs,
  releaseQuota,
  tellQuota,
} from "../policies/quota.ts";

/** What one attempt took, until it has ended. */
export interface Debit {
  readonly need: Need;
  /** By its quota nothing was left for it. */
  readonly exhausted: boolean;
  told: boolean;
}

export interface QuotaGate {
  /** `undefined` while nothing is known of limits. */
  begin(call: Call, nowMs: number): Debit | undefined;
  /** Headers of an answer of any status. */
  told(call: Call, debit: Debit | undefined, heard: Heard): void;
  end(
    debit: Debit,
    ending: { readonly status: number | undefined; readonly usage: Usage | undefined },
    nowMs: number,
  ): void;
}

export interface Heard {
  readonly limits: readonly RateLimit[];
  readonly nowMs: number;
}

const TOO_MANY = 429;

/** `cell`: of the key at the target. */
export function quotaGate(cell: TargetCell): QuotaGate {
  return {
    begin(call, nowMs) {
      const { quota } = cell;
      if (quota === undefined) return undefined;
      const need = needOf(quota, call.body.length, call.inspected.maxTokens);
      const exhausted = quotaWaitMs(quota, nowMs) > 0;
      debitQuota(quota, need, nowMs);
      return { need, exhausted, told: false };
    },
    told(call, debit, { limits, nowMs }) {
      cell.quota ??= createQuota();
      const need = debit?.need ?? needOf(cell.quota, call.body.length, call.inspected.maxTokens);
      tellQuota(cell.quota, { limits, need, debited: debit !== undefined }, nowMs);
      if (debit !== undefined) debit.told = true;
    },
    end(debit, { status, usage }, nowMs) {
      const { quota } = cell;
      if (quota === undefined) return;
      if (!debit.told) releaseQuota(quota, debit.need, status !== undefined, nowMs);
      if (usage !== undefined) learnUsage(quota, usage);
      if (status === TOO_MANY || (debit.exhausted && status === 200)) doubtQuota(quota, status === 200, nowMs);
    },
  };
}
