// Every scripted fault against every official SDK, on real sockets: the answer is whole, or the SDK throws the truth.

import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Result, runMatrix } from "./run-matrix.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { expectedOf, renderSurvival, SURVIVAL_PAGE } from "./table.ts";

const ATTEMPTS_MAX = 3;
const LIMIT_MS = 180_000;

let results: readonly Result[] = [];

beforeAll(async () => {
  results = await runMatrix();
}, LIMIT_MS);

describe.each([...SCENARIOS].map((scenario) => [scenario.id, scenario] as const))("%s", (_, scenario) => {
  test("ends as it must, for every SDK", () => {
    const own = resultsOf(scenario);
    expect(own.length).toBe(scenario.stream ? 16 : 8);
    expect(own.filter((result) => !expectedOf(result).split(" or ").includes(result.outcome)).map(story)).toEqual([]);
  });

  test("an error tells the truth", () => {
    const truths = scenario.fault?.kind === "bad-request" ? /The request was refused/ : /broke off and is incomplete/;
    const liars = resultsOf(scenario).filter(
      ({ outcome, error }) => outcome === "error" && !(error?.name.endsWith("Error") && truths.test(error.message)),
    );
    expect(liars.map(story)).toEqual([]);
  });

  test("costs one call and at most three attempts", () => {
    const wrong = resultsOf(scenario).filter(
      ({ calls, attempts }) => calls !== 1 || attempts < 1 || attempts > ATTEMPTS_MAX,
    );
    expect(wrong.map(story)).toEqual([]);
  });
});

test("no part of an answer was reported as a whole one", () => {
  expect(results.filter(({ outcome }) => outcome === "corrupt").map(story)).toEqual([]);
});

test("the reference page says what happened", async () => {
  const page = Bun.file(join(import.meta.dir, "../..", SURVIVAL_PAGE));
  const rendered = renderSurvival(results);
  if (process.env.UPDATE_DOCS === "1") await Bun.write(page, rendered);
  expect(rendered).toBe(await page.text());
});

function resultsOf(scenario: Scenario): readonly Result[] {
  return results.filter((result) => result.scenario === scenario);
}

/** One line of a failed case. */
function story(result: Result): string {
  const { client, style, primaryDialect, outcome, error, calls, attempts, trail } = result;
  const said = error === undefined ? "" : ` (${error.name}: ${error.message})`;
  const cost = `${calls} calls, ${attempts} attempts`;
  return `${client} ${style}, primary ${primaryDialect}: ${outcome}${said} for ${expectedOf(result)}; ${cost}; ${trail}`;
}
