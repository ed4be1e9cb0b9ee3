// The command line: which command, its help, its exit code. What a command does is in its own file, loaded when asked for.

import { nearest } from "../core/nearest.ts";
import { VERSION } from "../core/version.ts";
import { endWithLauncher } from "../runtime/command-io.ts";
import type { Command } from "./command.ts";

/** By name, in the order in which they are told. */
export const COMMANDS: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  up: { summary: "run the gateway (the default)", load: async () => (await import("./up.ts")).up },
  check: { summary: "tell what is wrong with the configuration", load: async () => (await import("./check.ts")).check },
  explain: {
    summary: "what happens to a call of a route, and why",
    load: async () => (await import("./explain.ts")).explain,
  },
  init: { summary: "write a first configuration", load: async () => (await import("./init.ts")).init },
  call: { summary: "explain one call of a running gateway", load: async () => (await import("./call.ts")).call },
  status: {
    summary: "what providers say on their status pages",
    load: async () => (await import("./status.ts")).status,
  },
  tail: { summary: "follow the calls of a running gateway", load: async () => (await import("./tail.ts")).tail },
  drain: { summary: "take a target out of rotation", load: async () => (await import("./drain.ts")).drain },
  restore: { summary: "put a drained target back", load: async () => (await import("./drain.ts")).restore },
  keys: { summary: "make, list and revoke gateway keys", load: async () => (await import("./keys.ts")).keys },
  incidents: { summary: "what failed, since when, whom it met", load: loadIncidents },
  notify: { summary: "try who is told of incidents", load: async () => (await import("./notify.ts")).notify },
  drill: { summary: "rehearse an outage in virtual time", load: async () => (await import("./drill.ts")).drill },
  report: { summary: "what outages did, from the ledger", load: async () => (await import("./report.ts")).report },
  sim: { summary: "run simulated providers with scripted faults", load: loadSim },
};

async function loadIncidents(): Promise<Command> {
  return (await import("./incidents.ts")).incidents;
}

async function loadSim(): Promise<Command> {
  const { help, sim } = await import("./sim.ts");
  return { summary: "", help, run: async (args) => sim(args) };
}

/** Runs the command that `args` name and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [first, ...others] = args;
  if (first === "help" && others[0] !== undefined) return main([...others, "--help"]);
  if (first === "--help" || first === "-h" || first === "help") return tell(usage());
  if (first === "--version" || first === "-v") return tell(`holdfast ${VERSION}`);
  // `npx holdfast` and `npm start -- --port 0` run the gateway.
  const bare = first === undefined || first.startsWith("-");
  const name = bare ? "up" : first;
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (known === undefined) return refuse(name);
  const command = await known.load();
  const rest = bare ? args : others;
  const asksHelp = rest.includes("--help") || rest.includes("-h");
  return asksHelp && command.help !== "" ? tell(command.help) : command.run(rest);
}

function usage(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return `holdfast ${VERSION}: keeps an application built on AI models working through their outages

holdfast [COMMAND] [FLAGS]

${rows.join("\n")}

  --help      this page; after a command: that command's
  --version   the version`;
}

function tell(text: string): 0 {
  console.log(text);
  return 0;
}

function refuse(name: string): 2 {
  const near = nearest(name, Object.keys(COMMANDS));
  console.error(`holdfast: unknown command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`);
  console.error("Try `holdfast --help`.");
  return 2;
}

if (import.meta.main) {
  endWithLauncher();
  // Exits at once: idle connections to providers would keep the process for minutes.
  process.exit(await main(process.argv.slice(2)));
}
