// How commands speak to a running gateway: where it is, the admin key, JSON in and out, a feed of events. What is asked
// and how it is shown is each command's own business.

import { parse } from "yaml";
import { LISTEN_DEFAULTS } from "../config/defaults.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import type { Body, Runtime, WireResponse } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { DEFAULT_FILE, readConfigLeniently } from "./config-file.ts";
import { type Flags, textFlag } from "./flags.ts";

/** For `readFlags`: what every command that speaks to a gateway takes. */
export const GATEWAY_FLAGS = { gateway: { type: "string" }, config: { type: "string" } } as const;

/** For the help of a command that says itself what `--config` is there. */
export const GATEWAY_URL_HELP = `  --gateway URL   a running gateway (default: \`listen\` of the configuration, else http://127.0.0.1:4000)`;

/** For the help of such a command. */
export const GATEWAY_HELP = `${GATEWAY_URL_HELP}
  --config FILE   the configuration (default: ${DEFAULT_FILE}, where there is one)

HOLDFAST_ADMIN_KEY in the environment is the gateway's admin key, where it has one.`;

/** What the gateway said, or why nothing came of it: a sentence for people; `status` when it did answer. */
export type Told =
  | { readonly ok: true; readonly status: number; readonly json: unknown; readonly text: string }
  | { readonly ok: false; readonly status?: number; readonly message: string };

export interface GatewayClient {
  /** Without a trailing slash. */
  readonly url: string;
  /** `path` begins with `/`. */
  get(path: string): Promise<Told>;
  /** `body` is sent as JSON; absent: no body. */
  post(path: string, body?: unknown): Promise<Told>;
  /** The `data` of each event of a `text/event-stream`, until `stop` is called or the gateway ends it. */
  follow(path: string, onData: (data: string) => void): { readonly ended: Promise<Told>; stop(): void };
}

const CONNECT_MS = 5_000;
const ANSWER_MS = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** A longer line is no event of ours. */
const LINE_CHARS_MAX = 1_000_000;

/** The gateway that the flags name, else that of the configuration, else the default. */
export async function openGateway(flags: Flags): Promise<GatewayClient | { readonly problem: string }> {
  const url = textFlag(flags, "gateway") ?? (await configuredUrl(textFlag(flags, "config")));
  if (typeof url !== "string") return url;
  if (!/^https?:\/\/[^/\s]+/.test(url) || !URL.canParse(url)) {
    return { problem: `--gateway ${url} is no URL; write it as http://HOST:PORT` };
  }
  return createClient(url.replace(/\/+$/, ""), process.env.HOLDFAST_ADMIN_KEY, createBunRuntime());
}

/** Lenient on purpose: a command must find its gateway from a shell that has not the environment of the configuration. */
async function configuredUrl(file: string | undefined): Promise<string | { readonly problem: string }> {
  const config = await readConfigLeniently(file);
  if (!config.found) {
    return config.message === undefined ? urlOf(LISTEN_DEFAULTS) : { problem: config.message };
  }
  if (config.loaded.ok) return urlOf(config.loaded.settings.listen);
  const { host, port } = listenOf(config.text);
  return urlOf({
    host: typeof host === "string" && !host.includes("${") ? host : LISTEN_DEFAULTS.host,
    port: typeof port === "number" ? port : LISTEN_DEFAULTS.port,
  });
}

/** Where a gateway that listens so is reached from here. */
export function urlOf({ host, port }: Settings["listen"]): string {
  const near = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${near.includes(":") ? `[${near}]` : near}:${port}`;
}

function listenOf(text: string): { readonly host?: unknown; readonly port?: unknown } {
  try {
    const tree: unknown = parse(text);
    if (typeof tree !== "object" || tree === null || !("listen" in tree)) return {};
    return typeof tree.listen === "object" && tree.listen !== null ? tree.listen : {};
  } catch {
    return {};
  }
}

/** A client of the gateway at `url`. */
export function createClient(url: string, adminKey: string | undefined, runtime: Runtime): GatewayClient {
  const headers = {
    accept: "application/json",
    "user-agent": "holdfast-cli",
    ...(adminKey && { authorization: `Bearer ${adminKey}` }),
  };
  const send = async (method: "GET" | "POST", path: string, body?: unknown): Promise<Told> => {
    const cancel = new CancelSource();
    const disarm = runtime.clock.after(ANSWER_MS, () => cancel.cancel(fault("deadline-exceeded", "no answer in time")));
    const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
    const typed = bytes === undefined ? headers : { ...headers, "content-type": "application/json" };
    const request = { method, url: url + path, headers: typed, connectMs: CONNECT_MS, ...(bytes && { body: bytes }) };
    const response = await runtime.transport(request, cancel);
    const told = isFault(response) ? unreachable(url, response.message) : await read(url, response);
    disarm();
    return told;
  };
  return {
    url,
    get: (path) => send("GET", path),
    post: (path, body) => send("POST", path, body),
    follow(path, onData) {
      const cancel = new CancelSource();
      const request = { method: "GET", url: url + path, headers, connectMs: CONNECT_MS } as const;
      const ended = runtime.transport(request, cancel).then(async (response): Promise<Told> => {
        if (isFault(response)) return unreachable(url, response.message);
        if (response.status !== 200) return read(url, response);
        await readEvents(response.body, onData);
        return { ok: true, status: 200, json: undefined, text: "" };
      });
      return { ended, stop: () => cancel.cancel(fault("cancelled", "no longer followed")) };
    },
  };
}

async function read(url: string, response: WireResponse): Promise<Told> {
  const body = await response.body.whole(ANSWER_BYTES_MAX);
  if (isFault(body)) return unreachable(url, body.message);
  const { status } = response;
  const text = new TextDecoder().decode(body);
  const json = parseJson(text);
  if (status >= 200 && status < 300) return { ok: true, status, json, text };
  if (status === 401) {
    const hint = "set HOLDFAST_ADMIN_KEY to the gateway's admin key";
    return { ok: false, status, message: `the gateway at ${url} wants its admin key: ${hint}` };
  }
  const message = errorMessage(json);
  // A provider, another program, or a path of the gateway's that is not its root: its status says nothing of what was asked.
  if (message === undefined) return { ok: false, message: `${url} is no Holdfast gateway: it answered ${status}` };
  return { ok: false, status, message };
}

function unreachable(url: string, why: string): Told {
  return { ok: false, message: `no gateway answers at ${url} (${why}); name it with --gateway URL` };
}

/** Of the admin API's own errors, which have a code and no type. */
function errorMessage(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null || !("error" in json)) return undefined;
  const { error } = json;
  if (typeof error !== "object" || error === null || !("message" in error) || !("code" in error)) return undefined;
  return typeof error.message === "string" && !("type" in error) ? error.message : undefined;
}

/** `undefined` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readEvents(body: Body, onData: (data: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const part = await body.read();
    if (!(part instanceof Uint8Array)) return;
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split("\n");
    rest = (lines.pop() ?? "").slice(0, LINE_CHARS_MAX);
    for (const line of lines) if (line.startsWith("data: ")) onData(line.slice("data: ".length));
  }
}
