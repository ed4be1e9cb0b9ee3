// `holdfast incidents`: what failed at a running gateway, one incident in full, what people add to it, and the drill that
// it makes. What an incident is, the gateway knows.

import { spanText } from "../incidents/sentences.ts";
import type { IncidentView } from "../incidents/view.ts";
import { printable } from "../observe/call-line.ts";
import { type Command, misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, type GatewayClient, openGateway, type Told } from "./gateway-client.ts";

const HELP = `holdfast incidents [list|show ID|export ID|note ID TEXT|update ID TEXT|correct ID|resolve ID|publish ID]
                   [--gateway URL | --config FILE] [--json]

What failed, since when, whom it met and what was done about it.

  list            all of them, the newest first (the default); --open: those that are not over
  show ID         one of them with its timeline; --md: as a postmortem in Markdown
  export ID       --scenario: as a drill, to rehearse a recurrence with \`holdfast drill FILE.yaml\`; --md: in Markdown
  note ID TEXT    adds a note to the timeline, for those who run the gateway
  update ID TEXT  adds an update that the status page shows too
  correct ID      sets right what was derived, for good: --title T, --sentence T (for users), --cause CLASS, --severity S
  resolve ID      a person says that it is over
  publish ID      shows a draft on the status page
  --json          one object on one line
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer or knows no such incident, 2 bad use.`;

export const incidents: Command = { summary: "what failed, since when, whom it met", help: HELP, run: runIncidents };

const FLAGS = {
  ...GATEWAY_FLAGS,
  open: { type: "boolean" },
  md: { type: "boolean" },
  scenario: { type: "boolean" },
  title: { type: "string" },
  sentence: { type: "string" },
  cause: { type: "string" },
  severity: { type: "string" },
} as const;
const CORRECTED = ["title", "sentence", "cause", "severity"] as const;
const ADMIN = "/admin/v1/incidents";

async function runIncidents(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS, 3);
  if (!parsed.ok) return misuse("incidents", parsed.message);
  const { flags, rest } = parsed;
  const [verb = "list", id, text] = rest;
  const isKnown = ["list", "show", "export", "correct"].includes(verb) || Object.hasOwn(CHANGES, verb);
  if (!isKnown) return misuse("incidents", `"${verb}" is not expected here`);
  if (verb !== "list" && id === undefined)
    return misuse("incidents", `${verb}: which incident? \`holdfast incidents\` lists them`);
  const takesText = verb === "note" || verb === "update";
  if (takesText && !text?.trim()) return misuse("incidents", `${verb}: which TEXT?`);
  if (!takesText && text !== undefined) return misuse("incidents", `"${text}" is not expected here`);
  if (verb === "export" && (flags.scenario === true) === (flags.md === true)) {
    return misuse("incidents", "export: as what? --scenario or --md");
  }
  const corrections = CORRECTED.flatMap((name) => {
    const value = textFlag(flags, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const [first] = corrections;
  if (verb === "correct" && first === undefined) {
    return misuse("incidents", "correct: what? --title, --sentence, --cause or --severity");
  }
  if (verb !== "correct" && first !== undefined) return misuse("incidents", `--${first[0]} goes with correct`);
  const gateway = await openGateway(flags);
  if ("problem" in gateway) return misuse("incidents", gateway.problem);
  if (verb === "list") return list(gateway, flags);
  const path = `${ADMIN}/${encodeURIComponent(id ?? "")}`;
  if (verb === "show" || verb === "export") return show(gateway, path, flags);
  const change =
    verb === "correct" ? Object.fromEntries(corrections) : CHANGES[verb as keyof typeof CHANGES](text ?? "");
  const told = await gateway.post(path, change);
  if (!told.ok) return failed(told);
  return print(flags.json === true ? JSON.stringify(told.json) : line(asView(told.json)));
}

const CHANGES = {
  note: (note: string) => ({ note }),
  update: (update: string) => ({ update }),
  resolve: () => ({ state: "resolved" }),
  publish: () => ({ publish: true }),
} as const;

async function list(gateway: GatewayClient, flags: Flags): Promise<number> {
  const told = await gateway.get(`${ADMIN}?state=${flags.open === true ? "open" : "all"}`);
  if (!told.ok) return failed(told);
  if (flags.json === true) return print(JSON.stringify(told.json));
  const views = viewsOf(told.json);
  return print(views.length === 0 ? "no incidents" : views.map(line).join("\n"));
}

async function show(gateway: GatewayClient, path: string, flags: Flags): Promise<number> {
  const format = flags.scenario === true ? "scenario" : flags.md === true ? "md" : "json";
  const told = await gateway.get(`${path}?format=${format}`);
  if (!told.ok) return failed(told);
  if (format !== "json") return print(told.text.trimEnd());
  return print(flags.json === true ? JSON.stringify(told.json) : full(asView(told.json)).join("\n"));
}

function print(text: string): 0 {
  console.log(text);
  return 0;
}

function failed(told: Extract<Told, { ok: false }>): number {
  if (told.status === 400) return misuse("incidents", told.message);
  console.error(`holdfast incidents: ${told.message}`);
  return 1;
}

/** The incidents of an answer of the admin API. */
export function viewsOf(json: unknown): readonly IncidentView[] {
  if (typeof json !== "object" || json === null || !("incidents" in json) || !Array.isArray(json.incidents)) return [];
  // Made by `viewOf` at the other end; their shape is taken on trust, their texts are not.
  return json.incidents.map(asView);
}

function asView(json: unknown): IncidentView {
  // As above.
  return printable(json as IncidentView);
}

function line({ id, state, severity, title, startedAt, resolvedAt, clientsSee }: IncidentView): string {
  const until = resolvedAt === undefined ? "" : ` – ${resolvedAt.slice(0, 16)}`;
  return `${id}  ${state}, ${severity}  ${startedAt.slice(0, 16)}${until}  ${title}: ${clientsSee}`;
}

function leadText(leadS = 0): string {
  return leadS < 0 ? `, ${spanText(-leadS * 1_000)} before us` : `, ${spanText(leadS * 1_000)} after us`;
}

function full(view: IncidentView): readonly string[] {
  const { cause, page, detectionLeadS } = view;
  return [
    line(view),
    `  for users  ${view.sentence}`,
    ...(view.costs === undefined ? [] : [`  it costs   ${view.costs}`]),
    `  doing      ${view.doing}`,
    `  targets    ${Object.entries(view.targets)
      .map(([target, standing]) => `${target} ${standing}`)
      .join(", ")}`,
    `  suspected  ${cause.suspected.class}${cause.suspected.evidence.map((one) => `\n             ${one}`).join("")}`,
    ...(page === undefined
      ? view.pageRead === true
        ? ["  its page   says nothing of it"]
        : []
      : [
          `  its page   "${page.title}" (${page.lifecycle})${leadText(detectionLeadS)}${page.url === undefined ? "" : `, ${page.url}`}`,
        ]),
    ...(cause.stated === undefined ? [] : [`  stated     ${cause.stated.class}: "${cause.stated.quote}"`]),
    ...(view.published ? [] : ["  draft      not on the status page; holdfast incidents publish ID shows it"]),
    "",
    ...view.updates.map(
      ({ at, state, by, text }) => `  ${at.slice(0, 19)}Z  ${state}${by === "person" ? ", by a person" : ""}: ${text}`,
    ),
  ];
}
