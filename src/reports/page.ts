// A report as a page before it has a format: titles, tables, sentences, plots. Markdown and HTML are made from the same
// page, so that they cannot differ in what they say.

export interface Table {
  readonly head: readonly string[];
  /** Numbers are aligned to the right: every column but the first. */
  readonly rows: readonly (readonly string[])[];
}

export interface Plot {
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly text: string;
  readonly kind: "stack" | "lines";
  /** The beginnings of the parts, ISO 8601. */
  readonly at: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly unit: "count" | "share";
}

export interface Section {
  readonly title: string;
  readonly lines?: readonly string[];
  readonly table?: Table;
  /** In HTML only. */
  readonly plot?: Plot;
}

export interface Page {
  readonly title: string;
  /** Under the title: the span, and what the report is about. */
  readonly about: readonly string[];
  readonly sections: readonly Section[];
}

export function markdownOf({ title, about, sections }: Page): string {
  const parts = sections.map(({ title: name, lines = [], table }) =>
    [
      `## ${plain(name)}`,
      ...(table === undefined ? [] : [tableOf(table)]),
      ...(lines.length > 0 ? [listOf(lines)] : []),
    ].join("\n\n"),
  );
  return `${[`# ${plain(title)}`, about.map(plain).join("  \n"), ...parts].join("\n\n")}\n`;
}

function tableOf({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(" | ")} |`;
  return [line(head), `|${head.map((_, index) => (index === 0 ? "---" : "---:")).join("|")}|`, ...rows.map(line)].join(
    "\n",
  );
}

function listOf(lines: readonly string[]): string {
  return lines.map((text) => `- ${plain(text)}`).join("\n");
}

/** Names come from configurations and clients: nothing in them may become markup. */
function plain(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>|#~]/g, (sign) => `\\${sign}`);
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, "\ufffd");
}

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return oneLine(text).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}
