// What a simulated model does when it is asked to go on with an answer that another one began: as it was asked, or in one of
// the ways in which models are known to do otherwise.

import { asText, type JsonRecord, recordsIn } from "./json.ts";

/** `obeys`: the last words once more, then the rest. `other`: something else. The rest tell themselves. */
export type Manner = "obeys" | "anew" | "preamble" | "rewords" | "blanks" | "refuses" | "other";
export const MANNERS: readonly Manner[] = ["obeys", "anew", "preamble", "rewords", "blanks", "refuses", "other"];

export interface GoingOn {
  /** What the answer is so far. */
  readonly text: string;
  /** The words that are to be repeated first; absent: the text is a prefix. */
  readonly anchor?: string;
  /** The question before it. */
  readonly prompt: string;
}

const ASKED = /^Your previous reply was cut off[\s\S]*?last words were:\n\n([\s\S]*?)\n\nWrite exactly/;

/** Of the messages of a request, in either dialect; `undefined` when it asks for an answer of its own. */
export function goingOnOf(
  messages: readonly JsonRecord[],
  textOf: (message: JsonRecord) => string,
): GoingOn | undefined {
  const last = messages.at(-1);
  if (last === undefined) return undefined;
  const asked = last.role === "user" ? ASKED.exec(textOf(last))?.[1] : undefined;
  const answer = asked === undefined ? last : messages.at(-2);
  if (answer?.role !== "assistant") return undefined;
  const question = messages.slice(0, messages.indexOf(answer)).findLast((message) => message.role === "user");
  return {
    text: textOf(answer),
    ...(asked !== undefined && { anchor: asked }),
    prompt: question === undefined ? "" : textOf(question),
  };
}

/** The text of a message's content, as either dialect has it. */
export function contentText({ content }: JsonRecord): string {
  if (typeof content === "string") return content;
  return recordsIn(content)
    .map((part) => asText(part.text) ?? "")
    .join("");
}

/** Pieces of the continuation; `whole` is the answer that this model would have given. */
export function goOnWith({ text, anchor }: GoingOn, whole: readonly string[], manner: Manner): readonly string[] {
  const count = text.match(/\S+/g)?.length ?? 0;
  const rest = whole.slice(count);
  const gap = /\s$/.test(text) ? "" : " ";
  if (anchor === undefined) return [gap + (rest[0] ?? ""), ...rest.slice(1)];
  const words = anchor.match(/\S+\s*/g) ?? [];
  const said = [...words, ...(rest.length > 0 ? [/\s$/.test(anchor) ? "" : " "] : []), ...rest];
  switch (manner) {
    case "obeys":
      return said;
    case "anew":
      return [...(text.match(/\S+\s*/g) ?? []), gap, ...rest];
    case "preamble":
      return ["Sure, ", "here ", "it ", "is:\n\n", ...said];
    case "rewords":
      return ["Well, ", ...words.slice(2), " ", ...rest];
    case "blanks":
      return [...words.map((word) => word.replace(/\s+$/, "  ")), " ", ...rest];
    case "refuses":
      return ["I ", "cannot ", "go ", "on ", "with ", "that."];
    case "other":
      return whole.map((word) => word.toUpperCase());
  }
}
