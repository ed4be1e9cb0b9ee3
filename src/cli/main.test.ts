// The command line in this process: which command, what is said of a slip, what every help names. As a process: test/cli.

import { expect, test } from "bun:test";
import { main } from "./main.ts";

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const { log, error } = console;
  console.log = (text: string) => {
    said.out += `${text}\n`;
  };
  console.error = (text: string) => {
    said.err += `${text}\n`;
  };
  try {
    return { code: await main(args), ...said };
  } finally {
    console.log = log;
    console.error = error;
  }
}

for (const [args, code, said] of [
  [["--version"], 0, /^holdfast \d+\.\d+\.\d+\n$/],
  [["--help"], 0, /up .*\n.*check .*\n.*explain [\s\S]*sim /],
  [["check", "-h"], 0, /Exit codes/],
  [["help", "tail"], 0, /^holdfast tail /],
  [["help", "tial"], 2, /unknown command "tial"; did you mean "tail"\?/],
  [["chek"], 2, /unknown command "chek"; did you mean "check"\?/],
  [["report", "x"], 2, /there is no report "x"/],
  [["notify", "x"], 2, /there is: test/],
  [["check", "--jsn"], 2, /unknown flag --jsn; did you mean --json\?/],
  [["check", "--config"], 2, /--config/],
  [["check", "extra"], 2, /"extra" is not expected here/],
  [["check", "--live", "--within", "0"], 2, /--within 0: a number of seconds/],
  [["check", "--config", "none.yaml"], 2, /none.yaml: there is no such file/],
  [["call", "x", "--config", "none.yaml"], 2, /none.yaml: there is no such file/],
] as const) {
  test(`holdfast ${args.join(" ")}: ${code}`, async () => {
    const { code: seen, out, err } = await run(args);
    expect(out + err).toMatch(said);
    expect(seen).toBe(code);
    if (code !== 0) expect(out).toBe("");
  });
}

test("every command has a help of its own, and names --json there", async () => {
  const { out } = await run(["--help"]);
  const commands = [...out.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name = ""]) => name);
  expect(commands.length).toBeGreaterThan(12);
  for (const command of commands) {
    const { code, out: help } = await run([command, "--help"]);
    expect([code, help.startsWith(`holdfast ${command}`), help.includes("--json")], command).toEqual([0, true, true]);
  }
});

test.each(["call", "tail", "drain", "restore", "incidents", "status", "explain"])(
  "%s speaks to a running gateway: --gateway and --config",
  async (command) => {
    const { out } = await run([command, "--help"]);
    for (const flag of ["--gateway URL", "--config FILE", "HOLDFAST_ADMIN_KEY"]) expect(out).toContain(flag);
  },
);
