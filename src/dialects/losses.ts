// Collects what a translation could not carry. Bounded: a prompt of a hundred thousand blocks declares the same loss once
// for each of the first, and then says that there are more.

import type { Fault } from "../core/fault.ts";
import type { Loss } from "../core/message.ts";

const LOSSES_MAX = 64;

export const NO_LOSSES: readonly Loss[] = [];

export interface Losses {
  readonly list: readonly Loss[];
  add(path: string, why: string): void;
}

export function collectLosses(): Losses {
  const list: Loss[] = [];
  const add = (path: string, why: string): void => {
    if (list.length < LOSSES_MAX) list.push({ path, why });
    else if (list.length === LOSSES_MAX) list.push({ path: "…", why: "more of the same" });
  };
  return { list, add };
}

/** A fault of a field says where it is, in the names of whoever wrote the request. */
export function inNamesOf(clientPath: (path: string) => string, found: Fault): Fault {
  const { param, message } = found;
  if (param === undefined) return found;
  const own = clientPath(param);
  return { ...found, param: own, message: message.replace(`${param}: `, () => `${own}: `) };
}
