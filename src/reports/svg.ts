// Plots as SVG: stacked bars of counts and lines of shares, over time. Their colours are the page's; nothing moves.

import { escapeHtml, type Plot } from "./page.ts";
import { countText, shareText } from "./wording.ts";

const WIDTH = 760;
const HEIGHT = 220;
const LEFT = 56;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 44;
const COLOURS = 6;
const LABELS = 5;

export function svgOf(plot: Plot): string {
  const { title, text, at, series, unit } = plot;
  const top = niceTop(plot);
  const draw = plot.kind === "stack" ? bars(plot, top) : lines(plot, top);
  const ticks = [0, 0.5, 1].map((share) => {
    const height = round(y(share));
    const label = unit === "share" ? (share * top === 1 ? "100 %" : shareText(share * top)) : countText(share * top);
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height}" y2="${height}" stroke="var(--line)"/><text x="${LEFT - 6}" y="${height + 4}" text-anchor="end">${label}</text>`;
  });
  const step = Math.max(1, Math.floor(at.length / LABELS));
  const times = at.flatMap((from, index) =>
    index % step === 0 && index + step / 2 < at.length
      ? [`<text x="${round(x(index, at.length))}" y="${HEIGHT - BOTTOM + 16}">${escapeHtml(label(from))}</text>`]
      : [],
  );
  const legend = series.map(
    ({ name }, index) =>
      `<rect x="${LEFT + index * 130}" y="${HEIGHT - 14}" width="10" height="10" fill="${colour(index)}"/><text x="${LEFT + 14 + index * 130}" y="${HEIGHT - 5}">${escapeHtml(name.slice(0, 18))}</text>`,
  );
  return `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(text)}">
${[...ticks, ...draw, ...times, ...legend.slice(0, COLOURS)].join("\n")}
</svg><figcaption>${escapeHtml(title)}. ${escapeHtml(text)}</figcaption></figure>`;
}

function bars({ series, at }: Plot, top: number): string[] {
  const width = Math.max(0.5, (WIDTH - LEFT - RIGHT) / at.length - 0.5);
  return at.flatMap((_, index) => {
    let below = 0;
    return series.flatMap(({ values }, number) => {
      const value = values[index] ?? 0;
      if (value === 0) return [];
      const [from, to] = [y(below / top), y((below + value) / top)];
      below += value;
      return [
        `<rect x="${round(x(index, at.length))}" y="${round(to)}" width="${round(width)}" height="${round(from - to)}" fill="${colour(number)}"/>`,
      ];
    });
  });
}

/** A gap where there is no value: nothing is known there. */
function lines({ series, at }: Plot, top: number): string[] {
  return series.map(({ values }, number) => {
    let path = "";
    let pen = "M";
    values.forEach((value, index) => {
      if (value === null) pen = "M";
      else {
        path += `${pen}${round(x(index + 0.5, at.length))} ${round(y(value / top))}h0.01`;
        pen = "L";
      }
    });
    return `<path d="${path}" fill="none" stroke="${colour(number)}" stroke-width="1.5" stroke-linecap="round"/>`;
  });
}

function niceTop({ kind, unit, at, series }: Plot): number {
  if (unit === "share") return 1;
  const heights = at.map((_, index) =>
    series.reduce(
      (sum, { values }) => (kind === "stack" ? sum + (values[index] ?? 0) : Math.max(sum, values[index] ?? 0)),
      0,
    ),
  );
  const most = heights.reduce((a, b) => Math.max(a, b), 2);
  const scale = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 5, 10].find((times) => times * scale >= most) ?? 10) * scale;
}

function x(index: number, count: number): number {
  return LEFT + (index * (WIDTH - LEFT - RIGHT)) / Math.max(1, count);
}

function y(share: number): number {
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function colour(index: number): string {
  return `var(--c${index % COLOURS})`;
}

/** `11-03 14:00` */
function label(iso: string): string {
  return `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
}
