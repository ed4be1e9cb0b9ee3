// What is wrong with a configuration, and how a person is told: one line each, place first. Not how it is found.

/** Keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** A finding before it has a place in a file. */
export interface Issue {
  readonly path: Path;
  /** Point at the key instead of its value: for keys that should not be there, or that lack something below them. */
  readonly atKey?: true;
  readonly message: string;
  /** What would be right here. */
  readonly allowed?: string;
  /** The known name that was probably meant. */
  readonly nearest?: string | undefined;
}

export interface Problem {
  /** Absent when the configuration is an object, not a file. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  /** As in `routes.chat.targets[0]`; empty: the whole. */
  readonly path: string;
  readonly message: string;
  readonly allowed?: string;
  readonly nearest?: string;
}

const PLAIN_KEY = /^[\w*-]+$/;

/** `routes.chat.targets[0]`; keys with other letters are quoted: `routes."gpt-4.1"`. */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += `${text === "" ? "" : "."}${PLAIN_KEY.test(step) ? step : JSON.stringify(step)}`;
  }
  return text;
}

/** `FILE:LINE:COLUMN  PATH  MESSAGE (allowed: …; did you mean "…"?)` */
export function renderProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  const hints: string[] = [];
  if (problem.allowed !== undefined) hints.push(`allowed: ${problem.allowed}`);
  if (problem.nearest !== undefined) hints.push(`did you mean ${JSON.stringify(problem.nearest)}?`);
  const message = hints.length === 0 ? problem.message : `${problem.message} (${hints.join("; ")})`;
  return [place, problem.path, message].filter((part) => part !== "").join("  ");
}

/** One line a problem, in the order given. */
export function renderProblems(problems: readonly Problem[]): string {
  return problems.map(renderProblem).join("\n");
}
