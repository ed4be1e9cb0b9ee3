// The status page in a real browser: it needs no script, fits a telephone, and is readable in light and in dark. Skipped,
// and said so, where the machine has no Chromium. HOLDFAST_SHOTS=FOLDER keeps the pictures, for people to look at.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { pageFacts } from "../../src/incidents/page-facts.ts";
import { statusHtml } from "../../src/incidents/page-html.ts";
import { DAY_MS, emptyDay, routeWatchOf } from "../../src/incidents/routes.ts";
import { incidentWorld } from "../support/incident-world.ts";
import { on, ROUTE } from "../support/virtual.ts";

const path = ["chromium", "chromium-browser", "google-chrome"]
  .map((name) => Bun.which(name))
  .find((found) => found !== null);
const shots = process.env.HOLDFAST_SHOTS;
if (path === undefined) console.log("skipped: no Chromium on this machine, so nobody looks at the status page");

describe.skipIf(path === undefined)("in a browser", () => {
  let browser: Browser;
  let html = "";

  beforeAll(async () => {
    html = await page();
    browser = await chromium.launch({ executablePath: path ?? "", args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(() => browser?.close());

  test.each([
    ["light", 1_100],
    ["dark", 1_100],
    ["light", 380],
    ["dark", 380],
  ] as const)(
    "%s, %p px wide: nothing sticks out, and what is said can be read",
    async (colorScheme, width) => {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 900 },
        javaScriptEnabled: true,
      });
      const tab = await context.newPage();
      await tab.setContent(html);
      // Judged by a script of the test's own; the page has none.
      const seen = await tab.evaluate(() => ({
        tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        scripts: document.scripts.length,
        days: [...document.querySelectorAll(".days i")].filter((one) => one.getBoundingClientRect().width > 0).length,
        marks: [...document.querySelectorAll(".headline, .state, h3, .soft, footer")].map((one) => {
          const own = getComputedStyle(one).backgroundColor;
          const ground = own === "rgba(0, 0, 0, 0)" ? (one.closest(".card") ?? document.body) : one;
          return [getComputedStyle(one).color, getComputedStyle(ground).backgroundColor];
        }),
        colours: [document.body, ...document.querySelectorAll(".card")].map((one) => [
          getComputedStyle(one).color,
          getComputedStyle(one).backgroundColor,
        ]),
      }));
      if (shots !== undefined)
        await tab.screenshot({ path: join(shots, `status-${colorScheme}-${width}.png`), fullPage: true });
      await context.close();
      expect([seen.tooWide, seen.scripts, seen.days]).toEqual([0, 0, (width > 640 ? 90 : 45) * 3]);
      for (const [ink = "", ground = ""] of seen.colours) expect(contrast(ink, ground)).toBeGreaterThan(7);
      for (const [ink = "", ground = ""] of seen.marks) expect(contrast(ink, ground)).toBeGreaterThan(4.5);
    },
    60_000,
  );
});

async function page(): Promise<string> {
  const targets = [
    { provider: "alpha", model: "m" },
    { provider: "beta", model: "m" },
  ];
  const routes = ["chat", "support-assistant", "claude-*"].map((name) => ({ ...ROUTE, name, targets }));
  const here = incidentWorld({
    faults: [{ ...on("alpha", { kind: "overloaded" }), atMs: 60_000, forMs: 600_000 }],
    settings: { routes },
  });
  const { desk } = here.room;
  const today = Math.floor(desk.nowMs() / DAY_MS);
  for (const [index, { name }] of routes.entries()) {
    const watch = routeWatchOf(desk.watches, name, desk.nowMs());
    for (let back = 1; back < 70 + index * 8; back++) {
      const hurt = (back * 7 + index) % 23 === 0 ? 1_500_000 : 0;
      const day = { ...emptyDay(), watchedMs: DAY_MS, degradedMs: hurt, majorMs: back === 31 ? 900_000 : 0 };
      watch?.days.set(today - back, { ...day, partialMs: back === 12 ? 600_000 : 0 });
    }
  }
  await here.post("/admin/v1/incidents", {
    title: "Sign-in was slow",
    text: "Some sign-ins took a minute.",
    severity: "major",
  });
  const [id] = desk.book.incidents.keys();
  await here.post(`/admin/v1/incidents/${id}`, { state: "resolved", update: "Sign-in is as fast as before." });
  const from = new Date(desk.nowMs() + DAY_MS).toISOString();
  const until = new Date(desk.nowMs() + DAY_MS + 3_600_000).toISOString();
  await here.post("/admin/v1/incidents/maintenance", {
    title: "We move to new machines",
    text: "No interruption is expected.",
    from,
    until,
  });
  await here.runTo(200);
  return statusHtml(pageFacts(desk, { url: "http://127.0.0.1:4000" }));
}

/** WCAG 2.2 §1.4.3, of two colours as a browser computes them. */
function contrast(ink: string, ground: string): number {
  const [light = 0, dark = 0] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [...colour.matchAll(/[\d.]+/g)].slice(0, 3).map(([part]) => {
    const value = Number(part) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
