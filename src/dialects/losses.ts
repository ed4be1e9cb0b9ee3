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

class Collected implements Losses {
  #list: Loss[] | undefined;

  get list(): readonly Loss[] {
    return this.#list ?? NO_LOSSES;
  }

  add(path: string, why: string): void {
    this.#list ??= [];
    const { length } = this.#list;
    if (length < LOSSES_MAX) this.#list.push({ path, why });
    else if (length === LOSSES_MAX) this.#list.push({ path: "…", why: "more of the same" });
  }
}

export function collectLosses(): Losses {
  return new Collected();
}

/** A fault of a field says where it is, in the names of whoever wrote the request. */
export function inNamesOf(clientPath: (path: string) => string, found: Fault): Fault {
  const { param, message } = found;
  if (param === undefined) return found;
  const own = clientPath(param);
  return { ...found, param: own, message: message.replace(`${param}: `, () => `${own}: `) };
}
