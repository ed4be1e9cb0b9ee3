// `npm run bench:differential`: the same traces through the field's stock rules and through Holdfast, in the same virtual
// world; writes docs/reference/differential.md. The rules themselves are in `stock-rules.ts`.

import { join } from "node:path";
import { playTraces, type Trace, traceOf } from "./differential-play.ts";

const SEED = 1;

/** What is wrong with the first of three targets, for five minutes. */
const TRACES: readonly Trace[] = [
  { title: "40 % of the calls answer 529", fault: "kind: overloaded, share: 40%", ratePerS: 20 },
  { title: "40 % of the calls answer 529, at 1 call/s", fault: "kind: overloaded, share: 40%", ratePerS: 1 },
  { title: "25 % of the calls answer 529", fault: "kind: overloaded, share: 25%", ratePerS: 20 },
  { title: "every call answers 529", fault: "kind: overloaded", ratePerS: 20 },
];

const sections: string[] = [];
for (const trace of TRACES) {
  const rows = await playTraces(traceOf(trace), SEED);
  sections.push(
    [
      `## ${trace.title}`,
      "",
      "| rule | success at the first token | attempts a call | of them on who is sick | back at 90 % after |",
      "|---|---|---|---|---|",
      ...rows.map(
        ({ rule, successRate, attemptsPerCall, sickAttemptsPerCall, returnTo90Ms }) =>
          `| ${rule} | ${(successRate * 100).toFixed(3)} % | ${attemptsPerCall.toFixed(3)} | ${sickAttemptsPerCall.toFixed(3)} | ${returnTo90Ms === null ? "–" : `${Math.round(returnTo90Ms / 1_000)} s`} |`,
      ),
    ].join("\n"),
  );
  console.log(sections.at(-1));
}

const page = `# Beside the field's stock rules

The same calls, the same simulated providers and the same faults, in virtual time: three targets, of which the first is sick
for five minutes, all with 0.5 % errors of their own; 20 calls a second where nothing else is said; seed ${SEED}. Rates are those
of the calls begun during the fault. All rules but the first fail over to the next target at once, with at most three attempts a
call; they differ in when they leave a target and when they come back. The first five are written here from their authors'
descriptions, with their defaults; cockatiel 4.0.0 and opossum 10.0.0 are the packages as they are, one breaker around each target,
on the virtual world's clock.

- *three SDK attempts*: an official SDK straight at the first target.
- *failover alone*: every call begins at the first target.
- *five in a row*: out for 30 s times the ejections so far, one target at most (Envoy's outlier detection).
- *five in a row, slow start*: the same, and the share of calls grows over 60 s afterwards.
- *half of a window*: half of at least 20 calls in 10 s failed; nobody is let in for 5 s, then one call decides (Hystrix).
- *cockatiel, five in a row*: \`ConsecutiveBreaker(5)\`, half-open after 10 s.
- *cockatiel, a fifth of 30 s*: \`SamplingBreaker\` at 20 % of 30 s, half-open after 10 s; its least rate is its default.
- *opossum*: nothing set: half of the calls of 10 s, half-open after 30 s, 10 s for an answer.

A rule that never left its target is "back" at once: look at what it sent there. The provider here does not fall over under the
calls that come back, so a quick return costs nothing in this table.

Read with care:

- Holdfast's probes are not among its attempts: at most one every 5 s while a target is sick (60 in these five minutes).
- The return is reckoned differently: for Holdfast from the first ten seconds in which nine of ten calls began there, looked at with each
  call; for the others with each second, and a rule that never left has no return at all.
- At 20 calls a second 99.983 % and 100 % of five minutes are one call apart: that is chance, not a difference of rules.

${sections.join("\n\n")}

This page is made by \`npm run bench:differential\`.
`;
await Bun.write(join(import.meta.dir, "../docs/reference/differential.md"), page);
