// All mutable state of the engine's rules, in this process's memory, bounded. Keyed by identity, so routes that share a
// target share its cells and a reload keeps them.

import { AgedMap } from "../core/aged-map.ts";
import {
  type AdmissionCell,
  type BeliefCell,
  BUDGET_TOKENS_MAX,
  type BudgetCell,
  type Cells,
  type HedgeCell,
  type IntakeCell,
  type KeyCell,
  type LocalCell,
  type OutageCell,
  type PoolCell,
  type RefusedCell,
  type TargetCell,
} from "../core/cell.ts";
import type { HeadroomCell } from "../core/headroom-cell.ts";
import { createBelief, createSelf } from "./belief-cell.ts";
import { createConversations } from "./conversations.ts";
import { createDrains } from "./drains.ts";
import { createHeadroom } from "./headroom-cell.ts";
import { createKeptAnswers } from "./kept-answers.ts";

const TARGETS_MAX = 4_096;
const KEYS_MAX = 4_096;
const DOMAINS_MAX = 1_024;
const ROUTES_MAX = 4_096;
const REFUSED_MAX = 2_000;

export function createCells(): Cells {
  const targets = new Map<string, TargetCell>();
  const keys = new Map<string, KeyCell>();
  const budgets = new Map<string, BudgetCell>();
  const hedges = new Map<string, HedgeCell>();
  const outages = new Map<string, OutageCell>();
  const admissions = new Map<string, AdmissionCell>();
  const locals = new Map<string, LocalCell>();
  const beliefs = new Map<string, BeliefCell>();
  const intakes = new Map<string, IntakeCell>();
  const pools = new Map<string, PoolCell>();
  const headrooms = new Map<string, HeadroomCell>();
  return {
    belief: (identity) => getOrMake(beliefs, identity, TARGETS_MAX, createBelief),
    pool: (domain) =>
      getOrMake(pools, domain, DOMAINS_MAX, () => ({
        page: undefined,
        score: 0,
        lastModel: "",
        lastFailedMs: Number.NEGATIVE_INFINITY,
        otherFailedMs: Number.NEGATIVE_INFINITY,
      })),
    intake: (provider) =>
      getOrMake(intakes, provider, DOMAINS_MAX, () => ({ calls: 0, tenants: new Map(), peak: 0, peakAtMs: 0 })),
    headroom: (identity) => getOrMake(headrooms, identity, TARGETS_MAX, createHeadroom),
    probes: { dayStartMs: 0, spentUsd: 0 },
    canaries: { dayStartMs: 0, spentUsd: 0, idleUsd: 0 },
    self: createSelf(),
    answers: createKeptAnswers(),
    conversations: createConversations(),
    target: (identity) => getOrMake(targets, identity, TARGETS_MAX, createTarget),
    key: (identity) => getOrMake(keys, identity, KEYS_MAX, () => ({ restUntilMs: 0, strikes: 0, sure: false })),
    drains: createDrains(),
    budget: (domain) => getOrMake(budgets, domain, DOMAINS_MAX, createBudget),
    hedge: (route) => getOrMake(hedges, route, ROUTES_MAX, () => ({ calls: 0, usd: 0 })),
    outage: (route) =>
      getOrMake(outages, route, ROUTES_MAX, () => ({ sinceMs: undefined, trialMs: Number.NEGATIVE_INFINITY })),
    admission: (route) =>
      getOrMake(admissions, route, ROUTES_MAX, () => ({
        tried: 0,
        answered: 0,
        atMs: 0,
        triedAtMs: Number.NEGATIVE_INFINITY,
        turn: 0,
        waiting: 0,
      })),
    local: (identity) => getOrMake(locals, identity, TARGETS_MAX, () => ({ calls: 0, contextTokens: undefined })),
    deferral: { desk: undefined },
    refused: createRefused(),
  };
}

function createTarget(): TargetCell {
  return { pausedUntilMs: 0, limitedUntilMs: 0, waiting: false, refusesPrefix: false };
}

function createBudget(): BudgetCell {
  return { tokens: BUDGET_TOKENS_MAX, usd: 0, meanUsd: 0 };
}

function createRefused(): Cells["refused"] {
  const cells = new AgedMap<RefusedCell>();
  let lastForgetAtMs = 0;
  return {
    isEmpty(nowMs) {
      if (cells.size > 0 && nowMs >= lastForgetAtMs) cells.clear();
      return cells.size === 0;
    },
    get(key, nowMs) {
      const cell = cells.get(key);
      if (cell === undefined || nowMs < cell.forgetAtMs) return cell;
      cells.delete(key);
      return undefined;
    },
    set(key, cell) {
      cells.set(key, cell);
      const oldest = cells.size > REFUSED_MAX ? cells.oldestKey : undefined;
      if (oldest !== undefined) cells.delete(oldest);
      lastForgetAtMs = Math.max(lastForgetAtMs, cell.forgetAtMs);
    },
    clear: () => cells.clear(),
  };
}

function getOrMake<T>(cells: Map<string, T>, key: string, limit: number, make: () => T): T {
  const known = cells.get(key);
  if (known !== undefined) {
    // Only where room gets scarce is it worth knowing who was used last.
    if (cells.size > limit / 2) {
      cells.delete(key);
      cells.set(key, known);
    }
    return known;
  }
  makeRoom(cells, limit);
  const made = make();
  cells.set(key, made);
  return made;
}

/** Maps keep insertion order: the oldest goes. */
function makeRoom<T>(cells: Map<string, T>, limit: number): void {
  if (cells.size < limit) return;
  const oldest = cells.keys().next().value;
  if (oldest !== undefined) cells.delete(oldest);
}
