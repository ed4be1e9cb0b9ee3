// `holdfast incidents`: what failed at a running gateway, one incident in full, what people add to it, and the drill that
// it makes. What an incident is, the gateway knows.

import { join } from "node:path";
import { parseDuration } from "../config/units.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import { sleep } from "../core/timing.ts";
import type { IncidentView } from "../incidents/view.ts";
import { printable } from "../observe/call-line.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { putTextFile, untilStopped } from "../runtime/command-io.ts";
import { type Command, misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, type GatewayClient, openGateway, type Told } from "./gateway-client.ts";
import { type Copied, copyPage, unverified } from "./status-export.ts";

const HELP = `holdfast incidents [list|show ID|export ID|note ID TEXT|update ID TEXT|resolve ID|publish ID|page FOLDER] [--json]

What failed, since when, whom it met and what was done about it.

  list            all of them, the newest first (the default); --open: those that are not over
  show ID         one of them with its timeline; --md: as a postmortem in Markdown
  export ID       --scenario: as a drill, to rehearse a recurrence with \`holdfast drill FILE.yaml\`; --md: in Markdown
  note ID TEXT    adds a note to the timeline, for those who run the gateway
  update ID TEXT  adds an update that the status page shows too
  resolve ID      a person says that it is over
  publish ID      shows a draft on the status page
  page FOLDER     writes the status page there as files, for a web server that outlives the gateway; --every 1m: again and
                  again, and when the gateway is not reached the files say so
  --json          one object on one line
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer or knows no such incident, 2 bad use.`;

export const incidents: Command = { summary: "what failed, since when, whom it met", help: HELP, run: runIncidents };

const FLAGS = {
  ...GATEWAY_FLAGS,
  open: { type: "boolean" },
  md: { type: "boolean" },
  scenario: { type: "boolean" },
  every: { type: "string" },
} as const;
const ADMIN = "/admin/v1/incidents";

async function runIncidents(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS, 3);
  if (!parsed.ok) return misuse("incidents", parsed.message);
  const { flags, rest } = parsed;
  const [verb = "list", id, text] = rest;
  const isKnown =
    verb === "page" || verb === "list" || verb === "show" || verb === "export" || Object.hasOwn(CHANGES, verb);
  if (!isKnown) return misuse("incidents", `"${verb}" is not expected here`);
  if (verb !== "list" && id === undefined)
    return misuse(
      "incidents",
      verb === "page" ? "page: which FOLDER?" : `${verb}: which incident? \`holdfast incidents\` lists them`,
    );
  const takesText = verb === "note" || verb === "update";
  if (takesText && !text?.trim()) return misuse("incidents", `${verb}: which TEXT?`);
  if (!takesText && text !== undefined) return misuse("incidents", `"${text}" is not expected here`);
  if (verb === "export" && (flags.scenario === true) === (flags.md === true)) {
    return misuse("incidents", "export: as what? --scenario or --md");
  }
  const gateway = await openGateway(flags);
  if ("problem" in gateway) return misuse("incidents", gateway.problem);
  if (verb === "page") return exportPage(gateway, id ?? "", flags);
  if (verb === "list") return list(gateway, flags);
  const path = `${ADMIN}/${encodeURIComponent(id ?? "")}`;
  if (verb === "show" || verb === "export") return show(gateway, path, flags);
  const told = await gateway.post(path, CHANGES[verb as keyof typeof CHANGES](text ?? ""));
  if (!told.ok) return failed(told);
  return print(flags.json === true ? JSON.stringify(told.json) : line(asView(told.json)));
}

const CHANGES = {
  note: (note: string) => ({ note }),
  update: (update: string) => ({ update }),
  resolve: () => ({ state: "resolved" }),
  publish: () => ({ publish: true }),
} as const;

async function exportPage(gateway: GatewayClient, folder: string, flags: Flags): Promise<number> {
  const every = textFlag(flags, "every");
  const everyMs = every === undefined ? undefined : parseDuration(every);
  if (every !== undefined && (everyMs === undefined || everyMs < 1_000)) {
    return misuse("incidents", `--every ${every}: a duration such as 1m, at least 1s`);
  }
  const { clock, wallMs } = createBunRuntime();
  let last: Copied | undefined;
  let reached = true;
  const once = async (): Promise<boolean> => {
    const copied = await copyPage(gateway, new Date(wallMs()).toISOString());
    if ("problem" in copied) {
      if (reached) console.error(`holdfast incidents: ${copied.problem}`);
      reached = false;
      return last === undefined ? false : write(folder, unverified(last));
    }
    reached = true;
    last = copied;
    return write(folder, copied.files);
  };
  const done = await once();
  if (everyMs === undefined) return done ? print(`wrote ${folder}: ${last?.files.size} files`) : 1;
  const stopped = new CancelSource();
  void untilStopped().then(() => stopped.cancel(fault("cancelled", "stopped")));
  while (stopped.fault === undefined) {
    await sleep(clock, everyMs, stopped);
    if (stopped.fault === undefined) await once();
  }
  return 0;
}

async function write(folder: string, files: ReadonlyMap<string, string>): Promise<boolean> {
  for (const [file, text] of files) {
    const problem = await putTextFile(join(folder, file), text);
    if (problem === undefined) continue;
    console.error(`holdfast incidents: ${problem}`);
    return false;
  }
  return true;
}

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

function full(view: IncidentView): readonly string[] {
  const { cause, page, detectionLeadS } = view;
  return [
    line(view),
    `  for users  ${view.sentence}`,
    `  doing      ${view.doing}`,
    `  targets    ${Object.entries(view.targets)
      .map(([target, standing]) => `${target} ${standing}`)
      .join(", ")}`,
    `  suspected  ${cause.suspected.class}${cause.suspected.evidence.map((one) => `\n             ${one}`).join("")}`,
    ...(page === undefined
      ? []
      : [
          `  its page   "${page.title}" (${page.lifecycle}), ${detectionLeadS} s after us${page.url === undefined ? "" : `, ${page.url}`}`,
        ]),
    ...(cause.stated === undefined ? [] : [`  stated     ${cause.stated.class}: "${cause.stated.quote}"`]),
    ...(view.published ? [] : ["  draft      not on the status page; holdfast incidents publish ID shows it"]),
    "",
    ...view.updates.map(
      ({ at, state, by, text }) => `  ${at.slice(0, 19)}Z  ${state}${by === "person" ? ", by a person" : ""}: ${text}`,
    ),
  ];
}
