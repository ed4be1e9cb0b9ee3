// What a model is asked so that it goes on with an answer that another one began. It is the last turn of the request, never
// part of the system prompt: the history before it stays as the client wrote it.

/** The client's own limit is left at least this much: an answer may end, but not before its next words. */
const TOKENS_LEAST = 16;
/** Of what is to be said again: room enough in any script. */
const CHARS_PER_TOKEN_LEAST = 2;

/** `anchor` is text of the answer; quotes of its own are no trouble, since the words are looked for as they are. */
export function instruction(anchor: string): string {
  return (
    "Your previous reply was cut off by a network fault. Its last words were:\n\n" +
    `${anchor}\n\n` +
    "Write exactly those last words once more, and from there go on with the same reply, in the same language and format, " +
    "to its end. Write nothing before them, and do not mention the interruption."
  );
}

/**
 * What is left of an output limit, in tokens; saying `again` once more is not the answer's. Never more than the limit, which
 * may be all that the model takes.
 */
export function leftOf(limit: number, usedTokens: number, again: string): number {
  const left = Math.max(Math.min(limit, TOKENS_LEAST), limit - usedTokens);
  return Math.min(limit, left + Math.ceil(again.length / CHARS_PER_TOKEN_LEAST));
}
