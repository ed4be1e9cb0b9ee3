// The text of a report on stdout, all of it: a process that exits does not wait for what `process.stdout.write` still has to
// bring through a pipe.

/** With exactly one end of line at its end. */
export function print(text: string): void {
  console.log(text.endsWith("\n") ? text.slice(0, -1) : text);
}
