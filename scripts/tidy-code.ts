// Reads TypeScript just well enough for the house rules: which text is code, where functions are and how long. It leans
// on the formatter (a body closes at the indentation where its header began) and is no parser.

export interface Stripped {
  /** Without comments. */
  readonly uncommented: string;
  /** Without comments and without the insides of strings, templates and regular expressions. */
  readonly code: string;
}

const BEFORE_REGEX =
  /(?:^|[([{,;:=!&|?+\-*%~^<>]|=>|\b(?:return|typeof|case|in|of|do|else|void|throw|await|yield))\s*$/;

/** Blanks, so that every offset and line stays: comments in both texts, the insides of literals in `code`. */
export function strip(text: string): Stripped {
  const uncommented = [...text];
  const code = [...text];
  const blank = (target: string[], from: number, to: number) => {
    for (let at = from; at < to && at < text.length; at++) if (text[at] !== "\n") target[at] = " ";
  };
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const rest = text[at];
    if (text.startsWith("//", at)) {
      const end = endOfLine(text, at);
      blank(uncommented, at, end);
      blank(code, at, end);
      at = end;
    } else if (text.startsWith("/*", at)) {
      const end = afterNext(text, "*/", at + 2);
      blank(uncommented, at, end);
      blank(code, at, end);
      at = end;
    } else if (rest === '"' || rest === "'") {
      const end = endOfLiteral(text, at + 1, rest);
      blank(code, at + 1, end - 1);
      at = end;
    } else if (rest === "/" && BEFORE_REGEX.test(code.slice(Math.max(0, at - 20), at).join(""))) {
      const end = endOfRegex(text, at + 1);
      blank(code, at + 1, end - 1);
      at = end;
    } else if (rest === "`" || (rest === "}" && templates.at(-1) === depth)) {
      if (rest === "}") templates.pop();
      const { end, opened } = endOfTemplate(text, at + 1);
      blank(code, at + 1, end - (opened ? 2 : 1));
      if (opened) templates.push(depth);
      at = end;
    } else {
      if (rest === "{") depth += 1;
      if (rest === "}") depth -= 1;
      at += 1;
    }
  }
  return { uncommented: uncommented.join(""), code: code.join("") };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function afterNext(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from);
  return found < 0 ? text.length : found + wanted.length;
}

function endOfLiteral(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote || text[at] === "\n") return at + 1;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if ((char === "/" && !inClass) || char === "\n") return at + 1;
  }
  return text.length;
}

/** After the closing backtick, or after `${`, where code begins again. */
function endOfTemplate(text: string, from: number): { end: number; opened: boolean } {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") return { end: at + 1, opened: false };
    else if (text.startsWith("${", at)) return { end: at + 2, opened: true };
  }
  return { end: text.length, opened: false };
}

export interface FunctionSize {
  /** From 1, of its header. */
  readonly line: number;
  readonly lines: number;
}

const OPENS_BODY = /(?:=>|\)(?::[^=]*)?)\s*\{$/;
const CONTROL = /^\s*(?:\}\s*)?(?:if|else|for|while|switch|catch|do|try|with)\b/;

/** The functions of formatted code with a body of more than one line. */
export function functionSizes(code: string): FunctionSize[] {
  const lines = code.split("\n").map((line) => line.trimEnd());
  return lines.flatMap((line, index) => {
    if (!OPENS_BODY.test(line)) return [];
    const indent = indentOf(line);
    const header = line.trimStart().startsWith(")") ? headerAbove(lines, index, indent) : index;
    if (CONTROL.test(lines[header] ?? "")) return [];
    const end = lines.findIndex((later, at) => at > index && indentOf(later) === indent && /^\s*[})]/.test(later));
    return end < 0 ? [] : [{ line: header + 1, lines: end - header + 1 }];
  });
}

function headerAbove(lines: readonly string[], from: number, indent: number): number {
  let at = from - 1;
  while (at > 0 && (indentOf(lines[at] ?? "") !== indent || lines[at] === "")) at -= 1;
  return at;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

export interface ParameterCount {
  readonly line: number;
  readonly count: number;
}

/** Parameters of every function, method, arrow and function type. */
export function parameterCounts(code: string): ParameterCount[] {
  const found: ParameterCount[] = [];
  for (let at = code.indexOf("("); at >= 0; at = code.indexOf("(", at + 1)) {
    const list = readList(code, at + 1);
    const after = code.slice(list.end, list.end + 200);
    const before = code.slice(code.lastIndexOf("\n", at) + 1, at);
    const arrow = /^\s*(?::[^={};()]*)?=>/.test(after);
    const named =
      /^\s*(?:[\w ]*\bfunction\b.*|(?:(?:async|static|get|set|override|private|protected|public)\s+)*#?[\w$]+)$/.test(
        before,
      );
    const body = named && !CONTROL.test(before) && /^\s*(?::[^=;]*)?\{/.test(after);
    if (arrow || body) found.push({ line: code.slice(0, at).split("\n").length, count: list.items });
  }
  return found;
}

/** Items of the bracketed list that begins at `from`: its commas outside of inner brackets. */
function readList(code: string, from: number): { items: number; end: number } {
  let depth = 0;
  let commas = 0;
  let sinceComma = "";
  for (let at = from; at < code.length; at++) {
    const char = code[at] ?? "";
    const closesAngle = char === ">" && code[at - 1] !== "=";
    if ("([{<".includes(char)) depth += 1;
    else if (")]}".includes(char) || closesAngle) depth -= 1;
    if (depth < 0) return { items: commas + (sinceComma.trim() === "" ? 0 : 1), end: at + 1 };
    if (char === "," && depth === 0) {
      commas += 1;
      sinceComma = "";
    } else sinceComma += char;
  }
  return { items: 0, end: code.length };
}
