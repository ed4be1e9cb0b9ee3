// A configuration with its places, as `load.ts` judges it: from a text, where each path has a line and a column, or from
// an object, where none has. Knows no syntax, so that the library carries no parser.

import { type Issue, type Problem, pathText } from "./problem.ts";

export interface Source {
  readonly tree: unknown;
  /** Syntax errors: with any of them the tree means nothing. */
  readonly problems: readonly Problem[];
  /** Gives the issue its place. */
  locate(issue: Issue): Problem;
}

export function fromObject(tree: unknown): Source {
  return { tree, problems: [], locate: toProblem };
}

export function toProblem({ path, message, allowed, nearest }: Issue): Problem {
  return { path: pathText(path), message, ...(allowed && { allowed }), ...(nearest && { nearest }) };
}
