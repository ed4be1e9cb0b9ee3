// What no page may do, whatever arrives: crash a reader, or turn what is not well into "operational". Mutations damage a
// document; they never tell a lie that a vendor could tell (an incident taken off whole, a state set to "operational").
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { PROVIDERS } from "../../catalog/providers.ts";
import { STATUS_PAGES } from "../../catalog/status-pages.ts";
import { rounds } from "../../test/support/effort.ts";
import type { PageBackend, PageHealth } from "../core/status-page.ts";
import { randomStream } from "../sim/random.ts";
import { assemble, type Surfaces } from "./assemble.ts";
import { isPageError } from "./page-document.ts";
import { DOCUMENT_BYTES_MAX, parse } from "./parse.ts";

const OWN = new URL("../../test/fixtures/status/", import.meta.url).pathname;
const { now, cases } = JSON.parse(readFileSync(`${OWN}expected.json`, "utf8")) as {
  now: string;
  cases: {
    file: string;
    now?: string;
    catalog?: string;
    expected?: PageBackend;
    health?: PageHealth;
    mendable?: true;
  }[];
};
const NOW = Date.parse(now);

function surfacesOf(catalog: string | undefined): Surfaces {
  const page = catalog === undefined ? undefined : PROVIDERS[catalog]?.statusPage;
  return page === undefined ? {} : (STATUS_PAGES[new URL(page).host]?.surfaces ?? {});
}

function healthOf(bytes: Uint8Array, surfaces: Surfaces, expected: PageBackend | undefined): PageHealth | "error" {
  const document = parse(bytes, "", NOW, expected === undefined ? {} : { expected });
  return isPageError(document) ? "error" : assemble([document], surfaces, NOW).health;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const GARBAGE: readonly Json[] = [
  null,
  0,
  -1,
  1e300,
  true,
  "",
  "wat",
  "constructor",
  "__proto__",
  "\u0000",
  [],
  {},
  [null],
  { a: 1 },
];
/** Whole rows of these are what a page takes away when something is over. */
const ROWS =
  /^(?:incidents|ongoing_incidents|impacted_services|component_impacts|affected_components|affected_products|activeIncidents|)$/;

interface Spot {
  readonly parent: Json[] | { [key: string]: Json };
  readonly key: string | number;
  readonly of: string;
}

function spotsOf(value: Json, of = "", found: Spot[] = []): Spot[] {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    const at = Array.isArray(value) ? Number(key) : key;
    found.push({ parent: value, key: at, of });
    // The key's own value, whichever of the two it is.
    spotsOf((value as { [key: string]: Json })[key] ?? null, Array.isArray(value) ? of : key, found);
  }
  return found;
}

function damaged(text: string, random: () => number): string {
  const tree = JSON.parse(text) as Json;
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) {
    const spots = spotsOf(tree);
    const spot = spots[Math.floor(random() * spots.length)];
    if (spot === undefined) break;
    // Emptied lists and lost rows of incidents mean "over": not damage but another word.
    const mayLose = !ROWS.test(spot.of) && !(typeof spot.key === "string" && ROWS.test(spot.key));
    const value = structuredClone(GARBAGE[Math.floor(random() * GARBAGE.length)] ?? null);
    const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (mayLose && random() < 0.5) {
      if (Array.isArray(spot.parent)) spot.parent.splice(Number(spot.key), 1);
      else delete spot.parent[spot.key];
    } else if (!isEmpty || mayLose) (spot.parent as { [key: string]: Json })[spot.key] = value;
  }
  return JSON.stringify(tree);
}

function damagedBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  const kind = Math.floor(random() * 7);
  const place = Math.floor(random() * bytes.length);
  if (kind === 0) return bytes.slice(0, place);
  if (kind === 1) return bytes.slice(place);
  if (kind === 2) return Uint8Array.from([...bytes].flatMap((byte) => [0, byte]));
  if (kind === 3) return Uint8Array.from([0xff, 0xfe, ...bytes]);
  if (kind === 4) return new TextEncoder().encode(`<html><body>${new TextDecoder().decode(bytes)}</body></html>`);
  const copy = bytes.slice();
  for (let time = 0; time < 8; time++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

const PER_CASE = rounds(160);

test("damaged documents: no crash, and nothing becomes green", () => {
  const random = randomStream(20_260_623, "status pages");
  let read = 0;
  const wrong: string[] = [];
  for (const { file, catalog, expected, health, mendable } of cases) {
    const bytes = new Uint8Array(readFileSync(OWN + file));
    const surfaces = surfacesOf(catalog);
    const isJson = file.endsWith(".json");
    for (let time = 0; time < PER_CASE; time++) {
      const mutant =
        isJson && time % 4 !== 0
          ? new TextEncoder().encode(damaged(new TextDecoder().decode(bytes), random))
          : damagedBytes(bytes, random);
      read++;
      const told = healthOf(mutant, surfaces, expected);
      // What is broken may be broken off: then the rest is a whole page.
      if (told === "operational" && health !== "operational" && !mendable)
        wrong.push(`${file} #${time}: ${new TextDecoder().decode(mutant).slice(0, 3_000)}`);
    }
  }
  expect(read).toBeGreaterThanOrEqual(rounds(10_000));
  expect(wrong.slice(0, 3)).toEqual([]);
});

test("any page of components whose API component is gone, renamed to a stranger or in a new state is unknown", () => {
  const [id] = Object.keys(surfacesOf("anthropic"));
  const text = readFileSync(`${OWN}claude-green.summary.json`, "utf8");
  const summary = JSON.parse(text) as { components: { id: string; name: string; status: Json }[] };
  for (const status of ["", "ok", "OPERATIONAL!", "green", null, 1, {}, "degraded"] as Json[]) {
    const components = summary.components.map((one) => (one.id === id ? { ...one, status } : one));
    const bytes = new TextEncoder().encode(JSON.stringify({ ...summary, components }));
    expect([status, healthOf(bytes, surfacesOf("anthropic"), undefined)]).toEqual([status, "unknown"]);
  }
  const components = summary.components.filter((one) => one.id !== id);
  const bytes = new TextEncoder().encode(JSON.stringify({ ...summary, components }));
  expect(healthOf(bytes, surfacesOf("anthropic"), undefined)).toBe("unknown");
});

test("what is large or deep is refused or bounded, and quickly", () => {
  const large = new Uint8Array(5 * 1024 * 1024).fill(0x20);
  expect(parse(large, "", NOW)).toMatchObject({ code: "too-large" });
  const worst = [
    "[".repeat(100_000),
    "<a>".repeat(300_000),
    `<feed>${"<entry><title>x".repeat(100_000)}`,
    `<rss><channel><title>${"&lt;b".repeat(200_000)}</title></channel></rss>`,
    `{"page":{"id":"x"},"components":[${'{"id":"a","name":"API","status":"operational"},'.repeat(20_000)}null]}`,
    `{"page":{"id":"x","time_zone":"UTC"},"incidents":[{"id":"i","name":"${"Sonnet 4, ".repeat(100_000)}","status":"resolved"}]}`,
    `<feed>${"<".repeat(1_000_000)}`,
    `<feed><entry a="${"'".repeat(500_000)}`,
    "<!--".repeat(500_000),
    `<feed>${"<a".repeat(1_900_000)}`,
    `<feed><${"a".repeat(3_900_000)}`,
    `<feed><a ${"a".repeat(3_900_000)}>`,
    `<feed><a ${"a =".repeat(1_200_000)}>`,
    `<feed>${`<e ${"b".repeat(1_990)}>`.repeat(1_900)}`,
    `<feed>${`<entry><title>Sonnet ${"&lt;script ".repeat(400)}</title></entry>`.repeat(800)}`,
    `<feed>${`<entry><title>${"API ".repeat(900)}</title></entry>`.repeat(900)}`,
    `<feed>${`<entry><title>x</title><content>${"&lt;b&gt;".repeat(500)}</content></entry>`.repeat(800)}`,
  ];
  for (const text of worst) {
    const bytes = new TextEncoder().encode(text);
    // The processor's time: others may be using it too.
    const before = process.cpuUsage();
    const told = bytes.length > DOCUMENT_BYTES_MAX ? "error" : healthOf(bytes, {}, undefined);
    expect([text.slice(0, 20), told]).not.toEqual([text.slice(0, 20), "operational"]);
    expect([text.slice(0, 20), process.cpuUsage(before).user < 2_000_000]).toEqual([text.slice(0, 20), true]);
  }
});
