import { expect, test } from "bun:test";
import { readContract } from "./contract.ts";
import { renderProblems } from "./problem.ts";

const WHOLE = `name: Our agreement
provider: alpha
models: [claude-*, m.1]
time-zone: America/Los_Angeles
promised: 99.9%
rule: { downtime-periods: { error-share: 5%, least: 5m } }
errors: [error500, overloaded529]
left-out: [account]
credits: [{ below: 99.9%, share: 10% }, { below: 95%, share: 100% }]
of: the fees
claim: { days: 30, from: incident }
definition: As in annex B.
`;
const SMALL = "name: n\nprovider: alpha\npromised: 99%\nrule: request-ratio\nerrors: [error500]\n";

function problemsOf(text: string): string {
  const read = readContract(text, "c.yaml");
  return read.ok ? "" : renderProblems(read.problems);
}

test("a contract in the words of the catalog", () => {
  const read = readContract(WHOLE, "c.yaml");
  if (!read.ok) throw new Error(renderProblems(read.problems));
  expect(read.contract).toEqual({
    name: "Our agreement",
    provider: "alpha",
    models: ["^claude-", "^m\\.1$"],
    timeZone: "America/Los_Angeles",
    definition: "As in annex B.",
    remedy: "",
    claiming: "",
    exclusions: [],
    guarantee: {
      promised: 0.999,
      rule: { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 },
      errors: ["error500", "overloaded529"],
      leftOut: ["account"],
      bands: [
        { below: 0.999, share: 0.1 },
        { below: 0.95, share: 1 },
      ],
      of: "the fees",
      claim: { days: 30, from: "incident" },
    },
  });
  for (const rule of ["{ interval-mean: 5m }", "{ minute-sum: { error-share: 50%, least: 5m } }"]) {
    expect(problemsOf(SMALL.replace("request-ratio", rule))).toBe("");
  }
  expect(problemsOf(SMALL)).toBe("");
});

for (const [what, text, said] of [
  ["nothing", "", "c.yaml:1:1  name  is missing"],
  ["a list", "- a", "a mapping"],
  ["no YAML", "name: [", "c.yaml:1"],
  ["an unknown key", `${SMALL}promissed: 1%\n`, "c.yaml:6:1  promissed  unknown key"],
  ["a near key", `${SMALL}credit: []\n`, 'did you mean "credits"'],
  ["a share without its sign", SMALL.replace("99%", "0.99"), "c.yaml:3:11  promised  0.99 is not allowed here"],
  ["a promise of all", SMALL.replace("99%", "100%"), "less than 100%"],
  ["another rule", SMALL.replace("request-ratio", "request-mean"), "request-ratio | { interval-mean: 5m }"],
  ["no rule at all", SMALL.replace("request-ratio", "{}"), "c.yaml:4:7  rule  is not one rule"],
  [
    "two rules",
    SMALL.replace("request-ratio", "{ interval-mean: 5m, minute-sum: { error-share: 5%, least: 5m } }"),
    "is not one rule",
  ],
  [
    "a run without its length",
    SMALL.replace("request-ratio", "{ minute-sum: { error-share: 5% } }"),
    "rule.minute-sum.least",
  ],
  ["half a minute", SMALL.replace("request-ratio", "{ interval-mean: 30s }"), "whole minutes"],
  ["another failure", SMALL.replace("error500", "error50"), 'did you mean "error500"'],
  ["no errors", SMALL.replace("[error500]", "[]"), "nothing could ever break it"],
  ["both", `${SMALL}left-out: [error500]\n`, "c.yaml:6:12  left-out[0]  error500 is among the errors too"],
  ["a band above", `${SMALL}credits: [{ below: 99.9%, share: 1% }]\n`, "above what is promised"],
  [
    "cheaper when worse",
    `${SMALL}credits: [{ below: 99%, share: 9% }, { below: 90%, share: 1% }]\n`,
    "credits[1].share",
  ],
  ["no zone", `${SMALL}time-zone: Mars/North\n`, "UTC or America/Los_Angeles"],
  ["a claim of neither", `${SMALL}claim: { weeks: 2 }\n`, "claim"],
] as const) {
  test(`refused: ${what}`, () => expect(problemsOf(text)).toContain(said));
}
