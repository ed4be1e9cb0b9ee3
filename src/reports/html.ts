// A page as one HTML file that needs nothing else: no script, no font, no request. Plots are SVG.

import { escapeHtml, type Page, type Section, type Table } from "./page.ts";
import { svgOf } from "./svg.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d5dbe3; --paper: #fff;
  --c0: #2f7d5b; --c1: #c98a1b; --c2: #b3392f; --c3: #3465a4; --c4: #7a4fa0; --c5: #4a7f8c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #36404d; --paper: #141a22;
  --c0: #58b98c; --c1: #e0ac4a; --c2: #e0736a; --c3: #7ba7dd; --c4: #b592d8; --c5: #80bac8; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.about { color: var(--soft); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } caption { display: none; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 600; }
li { margin: .2rem 0; } figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
@media print { body { max-width: none; } }`;

export function htmlOf({ title, about, sections }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="about">${about.map(escapeHtml).join("<br>")}</p>
${sections.map(sectionOf).join("\n")}
</body>
</html>
`;
}

function sectionOf({ title, lines = [], table, plot }: Section): string {
  return `<section>
<h2>${escapeHtml(title)}</h2>
${plot === undefined ? "" : svgOf(plot)}
${table === undefined ? "" : tableOf(title, table)}
${lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`}
</section>`;
}

function tableOf(title: string, { head, rows }: Table): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n");
  return `<div class="wide"><table><caption>${escapeHtml(title)}</caption>
<thead><tr>${head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("")}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}
