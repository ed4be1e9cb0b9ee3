// `npm run check`: what a contributor runs before anything else. Under a minute; `scripts/test.ts` is all that CI runs.

import { CHECK_STEPS, runSteps, summary } from "./steps.ts";

const LIMIT_S = 60;

const startedMs = performance.now();
const counts = await runSteps(CHECK_STEPS);
const seconds = (performance.now() - startedMs) / 1_000;
if (seconds > LIMIT_S) console.log(`The check took ${seconds.toFixed(0)} s; it should stay under ${LIMIT_S} s.`);
console.log(summary(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
