// `holdfast drain TARGET` and `holdfast restore TARGET`: take a target of a running gateway out of rotation, and put it
// back. What that means for calls, and which targets there are, the gateway knows.

import { type Command, misuse } from "./command.ts";
import { readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, openGateway, type Told } from "./gateway-client.ts";

const DRAIN_HELP = `holdfast drain TARGET [--for 1h] [--gateway URL | --config FILE] [--json]

Takes a target (provider/model) out of rotation: calls in flight finish, no new one is sent there. It stays so through a
reload of the configuration; a restart forgets it. \`provider/*\` is all of a provider.

  --for 1h        put it back by itself after this time, at most 30d (default: until restored)
  --json          one object on one line: { target, state, drainedUntil? }
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer, 2 bad use.`;

const RESTORE_HELP = `holdfast restore TARGET [--gateway URL | --config FILE] [--json]

Puts a target (provider/model, or provider/*) that was drained back into rotation.

  --json          one object on one line: { target, state, wasDrained }
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer, 2 bad use.`;

export const drain: Command = {
  summary: "take a target out of rotation",
  help: DRAIN_HELP,
  run: (args) => run("drain", args),
};
export const restore: Command = {
  summary: "put a drained target back",
  help: RESTORE_HELP,
  run: (args) => run("restore", args),
};

async function run(command: "drain" | "restore", args: readonly string[]): Promise<number> {
  const own = command === "drain" ? { for: { type: "string" } as const } : {};
  const parsed = readFlags(args, { ...GATEWAY_FLAGS, ...own }, 1);
  if (!parsed.ok) return misuse(command, parsed.message);
  const [target] = parsed.rest;
  if (target === undefined) return misuse(command, "which TARGET? Write it as provider/model");
  const gateway = await openGateway(parsed.flags);
  if ("problem" in gateway) return misuse(command, gateway.problem);
  const lasting = textFlag(parsed.flags, "for");
  const path = `/admin/v1/targets/${encodeURIComponent(target)}/${command}`;
  const told = await gateway.post(path, lasting === undefined ? undefined : { for: lasting });
  if (!told.ok && told.status === 400 && lasting !== undefined) {
    return misuse(command, `--for ${lasting} is no time such as 30m or 1h, at most 30d`);
  }
  if (!told.ok) return refused(command, told);
  console.log(parsed.flags.json === true ? JSON.stringify(told.json) : sentence(command, target, told.json));
  return 0;
}

/** What the gateway refuses is a slip of whoever typed it; anything else is its own trouble. */
function refused(command: string, told: Extract<Told, { ok: false }>): number {
  const isSlip = told.status === 400 || told.status === 404 || told.status === 409;
  if (isSlip) return misuse(command, told.message);
  console.error(`holdfast ${command}: ${told.message}`);
  return 1;
}

function sentence(command: string, target: string, json: unknown): string {
  const said = typeof json === "object" && json !== null ? json : {};
  if (command === "restore") {
    return "wasDrained" in said && said.wasDrained === false
      ? `${target} was not drained`
      : `${target} is back in rotation`;
  }
  const until = "drainedUntil" in said ? `until ${said.drainedUntil}` : "until it is restored";
  // A shell would look for files of that name.
  const word = target.includes("*") ? `'${target}'` : target;
  return `${target} is out of rotation ${until}; put it back with: holdfast restore ${word}`;
}
