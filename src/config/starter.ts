// The configuration that `holdfast init` writes: what the environment has, ready to run, and the rest as comments. Pure.

import { FAMILIES, standIn } from "../../catalog/models.ts";
import { PROVIDERS } from "../../catalog/providers.ts";
import { LISTEN_DEFAULTS, ROUTE_DEFAULTS } from "./defaults.ts";
import type { Environment } from "./environment.ts";
import { durationText } from "./units.ts";
import { zeroConfig } from "./zero-config.ts";

export interface Starter {
  readonly text: string;
  /** Providers whose key is in the environment. */
  readonly found: readonly { readonly provider: string; readonly variable: string }[];
}

/** `schema`: where an editor finds the JSON Schema, as seen from the file. */
export function starter(env: Environment, schema: string): Starter {
  const zero = zeroConfig(env);
  const found = zero?.found ?? [];
  const names = found.map(({ provider }) => provider);
  const written = Object.entries(zero?.config.providers ?? {}).map(([name, { key, url }]) => {
    return `  ${name}: { key: "${key}"${url === undefined ? "" : `, url: "${url}"`} }`;
  });
  const others = Object.entries(PROVIDERS).flatMap(([name, { keyVariable }]) =>
    keyVariable === undefined || names.includes(name) ? [] : [`  # ${name}: { key: "\${${keyVariable}}" }`],
  );
  const local = names.length === 0 ? "  ollama:" : "  # ollama:";
  const text = `# yaml-language-server: $schema=${schema}

# holdfast check            what is wrong with this file
# holdfast check --live     tries every target with one token
# holdfast explain chat     what happens to a call, and on each fault
# It is read again when it changes; \${NAME} is read from the environment.

listen: { host: ${LISTEN_DEFAULTS.host}, port: ${LISTEN_DEFAULTS.port} }

providers:
${[...written, ...others].join("\n")}
  # A model on this machine, without a key:
${local}

routes:
  # What your application sends as \`model\`, and who answers it, best first.
  chat:
    targets: ${list(chatTargets(names))}
${ROUTE_COMMENTS}${patternRoutes(names)}`;
  return { text, found };
}

const { timeouts } = ROUTE_DEFAULTS;
const ROUTE_COMMENTS = `    # What holds where nothing is written:
    # timeouts: { connect: ${durationText(timeouts.connectMs)}, first-token: ${timeouts.firstTokenMs}, whole: ${timeouts.wholeMs}, idle: ${timeouts.idleMs}, total: ${durationText(timeouts.totalMs)} }
    # attempts: ${ROUTE_DEFAULTS.attempts}
    # retry-wait: ${durationText(ROUTE_DEFAULTS.retryWaitMs)}
    # usage: ${ROUTE_DEFAULTS.usage}
    # strict: ${ROUTE_DEFAULTS.strict}
`;

function chatTargets(names: readonly string[]): string[] {
  const targets = names.flatMap((name) => {
    const model = standIn(name, "balanced");
    return model === undefined ? [] : [`${name}/${model.name}`];
  });
  return targets.length === 0 ? ["ollama/qwen3"] : targets;
}

/** The widest family of each provider: its models keep their names. */
function patternRoutes(names: readonly string[]): string {
  const routes = names.flatMap((name) => {
    const family = FAMILIES.find(({ provider, class: stands }) => provider === name && stands === "balanced");
    if (family === undefined) return [];
    const others = chatTargets(names).filter((target) => !target.startsWith(`${name}/`));
    return [`  ${family.prefix}*:\n    targets: ${list([`${name}/*`, ...others])}\n`];
  });
  if (routes.length === 0) return "";
  return `\n  # Names that begin so go to their provider as they are, then to the others.\n${routes.join("")}`;
}

function list(targets: readonly string[]): string {
  return `[${targets.join(", ")}]`;
}
