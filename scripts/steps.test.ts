import { expect, test } from "bun:test";
import { countTests, summary } from "./steps.ts";

const OUTPUT = `bun test v1.4.5

src/a.test.ts:
(pass) 3 pass
(fail) b

 159 pass
 3 skip
 1 todo
 2 fail
 18451 expect() calls
Ran 161 tests across 6 files. [2.38s]
`;

test("bun's summary is counted", () => {
  expect(countTests(OUTPUT, 1)).toEqual({ passed: 159, failed: 2, skipped: 4 });
  expect(countTests("\u001b[0m\u001b[32m 5 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\n", 0)).toEqual({
    passed: 5,
    failed: 0,
    skipped: 0,
  });
});

test("a file that cannot be loaded, and a run that died, are failures", () => {
  expect(countTests(" 4 pass\n 1 fail\n 1 error\n", 1).failed).toBe(2);
  expect(countTests("error: out of memory\n", 137)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countTests(" 4 pass\n 0 fail\n", 1).failed).toBe(1);
});

test("the last line", () => {
  expect(summary({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(summary({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});
