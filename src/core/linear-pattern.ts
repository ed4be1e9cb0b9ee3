// Regular expressions whose matching takes time in proportion to the text, whoever wrote them: a client's schema or a
// configuration must not be able to stop the event loop. A pattern is JavaScript's own syntax; what cannot be matched so
// (look-around, back references) is refused. Threads of a state machine run side by side (Thompson 1968); nothing backtracks.

import { type Assertion, type Node, parsePattern } from "./pattern-syntax.ts";

/** Counted repetitions are written out; a pattern that grows beyond this is refused. */
const STATES_MAX = 2_000;

const CHAR = 0;
const SPLIT = 1;
const ASSERT = 2;
const MATCH = 3;

/** Steps that may still be taken; each is some nanoseconds. Shared by what is asked together. */
export interface StepBudget {
  steps: number;
}

export interface LinearPattern {
  /** Whether it matches somewhere in the text; `undefined` when the budget ends first. */
  test(text: string, budget: StepBudget): boolean | undefined;
}

/** The pattern, or why it is none. */
export function linearPattern(source: string): LinearPattern | { readonly wrong: string } {
  const parsed = parsePattern(source);
  if ("wrong" in parsed) return parsed;
  const program = new Program();
  if (!program.emit(parsed.node))
    return { wrong: `it has more than ${STATES_MAX} states when its counts are written out` };
  program.add(MATCH);
  return { test: (text, budget) => run(program, text, budget) };
}

/** Instructions in parallel arrays; a target is an index. */
class Program {
  readonly op: number[] = [];
  /** The next instruction of a split or an assertion; a character's is the one behind it. */
  readonly to: number[] = [];
  readonly or: number[] = [];
  readonly fits: (((codePoint: number) => boolean) | undefined)[] = [];
  readonly assertion: (Assertion | undefined)[] = [];

  get size(): number {
    return this.op.length;
  }

  add(op: number): number {
    this.op.push(op);
    this.to.push(this.size);
    this.or.push(0);
    this.fits.push(undefined);
    this.assertion.push(undefined);
    return this.size - 1;
  }

  /** Appends what matches the node. False when the program is too large. */
  emit(node: Node): boolean {
    if (this.size > STATES_MAX) return false;
    switch (node.type) {
      case "char":
        this.fits[this.add(CHAR)] = node.fits;
        return true;
      case "assert":
        this.assertion[this.add(ASSERT)] = node.kind;
        return true;
      case "all":
        return node.nodes.every((part) => this.emit(part));
      case "any":
        return this.#any(node.nodes);
      case "repeat":
        return this.#repeat(node.node, node.least, node.most);
    }
  }

  #any(nodes: readonly Node[]): boolean {
    const ends: number[] = [];
    for (const [i, node] of nodes.entries()) {
      const split = i < nodes.length - 1 ? this.add(SPLIT) : -1;
      if (!this.emit(node)) return false;
      if (split === -1) break;
      // Both ways of a split that only jumps are the same.
      ends.push(this.add(SPLIT));
      this.or[split] = this.size;
    }
    for (const end of ends) this.#jump(end, this.size);
    return true;
  }

  #repeat(node: Node, least: number, most: number): boolean {
    for (let i = 0; i < least; i++) {
      const before = this.size;
      if (!this.emit(node)) return false;
      // Nothing, however often: counts of it could be nested without end.
      if (this.size === before) return true;
    }
    if (most === Number.POSITIVE_INFINITY) {
      const split = this.add(SPLIT);
      if (!this.emit(node)) return false;
      this.#jump(this.add(SPLIT), split);
      this.or[split] = this.size;
      return true;
    }
    const splits: number[] = [];
    for (let i = least; i < most; i++) {
      splits.push(this.add(SPLIT));
      if (!this.emit(node)) return false;
    }
    for (const split of splits) this.or[split] = this.size;
    return true;
  }

  #jump(from: number, to: number): void {
    this.to[from] = to;
    this.or[from] = to;
  }
}

function run(program: Program, text: string, budget: StepBudget): boolean | undefined {
  const { op, to, or, fits, assertion } = program;
  const marks = new Int32Array(program.size).fill(-1);
  let now: number[] = [];
  let next: number[] = [];
  const stack: number[] = [];
  let before = -1;
  for (let at = 0; ; ) {
    const here = text.codePointAt(at) ?? -1;
    // A match may begin anywhere: the program's start joins the threads at each place.
    now.push(0);
    next.length = 0;
    while (now.length > 0) {
      stack.push(now.pop() ?? 0);
      while (stack.length > 0) {
        const pc = stack.pop() ?? 0;
        if (marks[pc] === at) continue;
        marks[pc] = at;
        budget.steps--;
        const kind = op[pc];
        if (kind === MATCH) return true;
        if (kind === CHAR) {
          if (here !== -1 && fits[pc]?.(here) === true) next.push(pc + 1);
        } else if (kind === SPLIT) stack.push(or[pc] ?? 0, to[pc] ?? 0);
        else if (holds(assertion[pc], before, here)) stack.push(to[pc] ?? 0);
      }
    }
    if (here === -1) return false;
    if (budget.steps < 0) return undefined;
    before = here;
    at += here > 0xffff ? 2 : 1;
    [now, next] = [next, now];
  }
}

function holds(assertion: Assertion | undefined, before: number, here: number): boolean {
  if (assertion === "start") return before === -1;
  if (assertion === "end") return here === -1;
  return (isWord(before) !== isWord(here)) === (assertion === "boundary");
}

function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
