// `holdfast explain [ROUTE]`: what the configuration comes to. Without a route, which there are.

import { originText } from "../config/origin.ts";
import { renderProblems } from "../config/problem.ts";
import { zeroConfigText } from "../config/zero-config.ts";
import { nearest } from "../core/nearest.ts";
import { type Command, misuse } from "./command.ts";
import { type Configuration, DEFAULT_FILE, readConfiguration } from "./config-file.ts";
import { beliefLines, beliefsOf } from "./explain-beliefs.ts";
import { explanationText } from "./explain-text.ts";
import { type Explained, explainRoute } from "./explanation.ts";
import { readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, openGateway } from "./gateway-client.ts";

const HELP = `holdfast explain [ROUTE] [--config FILE] [--gateway URL] [--json]

The compiled path of a route in its order, each value with where it came from, the targets, and what happens on each
fault: found out by running the route in a simulated world, so it is what the gateway does. Calls no provider.
Without ROUTE: which routes there are.

  ROUTE           a route's name, or a model's name that a pattern such as claude-* matches
  --config FILE   the configuration (default: ${DEFAULT_FILE}, else the provider keys in the environment)
  --gateway URL   a running gateway, whose beliefs of the route's targets are shown too: when each was left, and why
  --json          one object on one line

HOLDFAST_ADMIN_KEY in the environment is the gateway's admin key, where it has one.

Exit codes: 0 explained, 1 the gateway does not answer, 2 no such route, or the configuration is wrong.`;

export const explain: Command = { summary: "what happens to a call of a route, and why", help: HELP, run: runExplain };

async function runExplain(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, GATEWAY_FLAGS, 1);
  if (!parsed.ok) return misuse("explain", parsed.message);
  const config = await readConfiguration(textFlag(parsed.flags, "config"));
  const read = goodOf(config);
  if (typeof read === "string") {
    console.error(read);
    return 2;
  }
  if (config.from === "environment" && parsed.flags.json !== true) console.log(`${zeroConfigText(config.zero)}\n`);
  const [name] = parsed.rest;
  if (name === undefined) return listRoutes(read, parsed.flags.json === true);
  const explanation = await explainRoute(read, name);
  if (explanation === undefined) return misuse("explain", noRoute(read, name));
  const asked = textFlag(parsed.flags, "gateway") === undefined ? undefined : await openGateway(parsed.flags);
  if (asked !== undefined && "problem" in asked) return misuse("explain", asked.problem);
  const json = parsed.flags.json === true;
  if (asked === undefined) {
    console.log(json ? JSON.stringify(explanation) : explanationText(explanation));
    return 0;
  }
  const targets = explanation.targets.map(({ target }) => target);
  const beliefs = await beliefsOf(asked, targets);
  const told = typeof beliefs === "string" ? [] : beliefs;
  if (json) console.log(JSON.stringify({ ...explanation, beliefs: told }));
  else console.log([explanationText(explanation), "", ...beliefLines(told, targets)].join("\n"));
  if (typeof beliefs === "string") console.error(`holdfast explain: ${beliefs}`);
  return typeof beliefs === "string" ? 1 : 0;
}

/** The settings, or what is wrong. */
function goodOf(config: Configuration): Explained | string {
  if (config.from === "unreadable") return config.message;
  if (config.from === "nothing") {
    return `there is no ${DEFAULT_FILE} here and no provider key in the environment; \`holdfast init\` writes a first one`;
  }
  return config.loaded.ok ? config.loaded : renderProblems(config.loaded.problems);
}

function noRoute({ settings }: Explained, name: string): string {
  const near = nearest(
    name,
    settings.routes.map((route) => route.name),
  );
  return `no route is named "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

function listRoutes({ settings, originOf }: Explained, json: boolean): number {
  const routes = settings.routes.map(({ name, targets }) => ({
    route: name,
    targets: targets.map(({ provider, model }) => `${provider}/${model}`),
    origin: originText(originOf(["routes", name])),
  }));
  if (json) console.log(JSON.stringify({ routes }));
  else {
    const width = Math.max(...routes.map(({ route }) => route.length));
    for (const { route, targets, origin } of routes) {
      console.log(`${route.padEnd(width)}  ${targets.join(", ")}   (${origin})`);
    }
  }
  return 0;
}
