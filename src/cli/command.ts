// What a command of the command line is, and the exit codes that all of them keep.

/** 0 done · 1 the check or drill failed · 2 bad use or configuration. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

/** Tells a misuse on stderr and gives its exit code. */
export function misuse(command: string, message: string): ExitCode {
  console.error(`holdfast ${command}: ${message}\nTry \`holdfast ${command} --help\`.`);
  return 2;
}
