// `npm test`: everything that CI runs, the check's steps and the tests of the whole. The last line is the sum.

import { CHECK_STEPS, ROOT, runSteps, summary, WHOLE_STEPS } from "./steps.ts";

// Read by `test/support/effort.ts` in the processes of the steps.
process.env.TEST_EFFORT = "full";
const whole = new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: ROOT });
const steps = [...whole].length === 0 ? CHECK_STEPS : [...CHECK_STEPS, ...WHOLE_STEPS];
const counts = await runSteps(steps);
console.log(summary(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
