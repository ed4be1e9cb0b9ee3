// One simulated provider on a real port of loopback: the simulator's plan, played by the socket server, with a small
// control interface under /sim. For `holdfast sim`, the demo mode and the tests. It stands here because the simulator may
// not touch sockets and the runtime may not know the simulator.

import type { DialectId } from "../core/call.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import type { HttpRequest } from "../runtime/http-request.ts";
import { listen, type SocketLogEntry, type SocketRequest, type SocketResponse } from "../runtime/socket-server.ts";
import { type FaultScript, parseFault, type ScheduledFault, standingFault } from "../sim/fault-script.ts";
import type { Manner } from "../sim/going-on.ts";
import { asCount, asRecord, encodeJson, parseJson } from "../sim/json.ts";
import { planCall, SIM_PROVIDER_DEFAULTS, type SimProvider } from "../sim/provider.ts";
import { randomStream } from "../sim/random.ts";
import { createSupply, type Supply } from "../sim/supply.ts";

export interface SimProviderOptions {
  readonly name: string;
  readonly dialect: DialectId;
  /** Absent or 0: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Scheduled, from the moment it starts. */
  readonly faults?: readonly ScheduledFault[];
  readonly seed?: number;
  readonly firstTokenMs?: number;
  readonly tokensPerS?: number;
  readonly words?: number;
  readonly errors?: number;
  readonly models?: readonly string[];
  /** How it goes on with another's answer. */
  readonly manner?: Manner;
  readonly supply?: Supply;
}

export interface RunningSimProvider {
  readonly name: string;
  readonly dialect: DialectId;
  /** As the vendor's SDK takes it: Anthropic without /v1, OpenAI with it. */
  readonly url: string;
  readonly port: number;
  /** The newest requests, oldest first; control requests are not among them. */
  log(): readonly SocketLogEntry[];
  clearLog(): void;
  /**
   * The fault of the next requests, before any schedule; `undefined` clears. Its times count from now. `times`: so many
   * requests, then none.
   */
  setFault(fault: FaultScript | ScheduledFault | undefined, times?: number): void;
  stop(): void;
}

interface Standing {
  readonly fault: ScheduledFault;
  left: number;
}

/** Starts at once; throws when the port is taken. */
export function startSimProvider(options: SimProviderOptions): RunningSimProvider {
  const { name, dialect, seed = 1, host = "127.0.0.1" } = options;
  const provider: SimProvider = { ...SIM_PROVIDER_DEFAULTS, ...options, faults: options.faults ?? [] };
  let standing: Standing | undefined;
  let requests = 0;
  const supplying = provider.supply && { supply: provider.supply, cell: createSupply() };
  const { wallMs } = createBunRuntime();
  const setFault: RunningSimProvider["setFault"] = (fault, times = Number.POSITIVE_INFINITY) => {
    if (fault === undefined) {
      standing = undefined;
      return;
    }
    const scheduled = standingFault(fault);
    standing = { fault: { ...scheduled, atMs: scheduled.atMs + server.elapsedMs() }, left: times };
  };
  const answer = (request: SocketRequest): SocketResponse => {
    const now = standing;
    if (now !== undefined && --now.left <= 0) standing = undefined;
    const faults = now === undefined ? provider.faults : [now.fault, ...provider.faults];
    const random = randomStream(seed, `${name}#${++requests}`);
    const planned = planCall({ ...request, wallMs: wallMs() }, { ...provider, faults }, random, supplying);
    const { steps, model, fault, release } = planned;
    const over = release && (() => release(server.elapsedMs()));
    return { plays: steps, note: { model, ...(fault === undefined ? {} : { fault }) }, over };
  };
  const server = listen({
    host,
    port: options.port ?? 0,
    respond: (request) =>
      request.path.startsWith("/sim/") ? control(request, { server: () => server, setFault }) : answer(request),
  });
  return {
    name,
    dialect,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}${dialect === "openai-chat" ? "/v1" : ""}`,
    port: server.port,
    log: server.log,
    clearLog: server.clearLog,
    setFault,
    stop: server.stop,
  };
}

interface Controls {
  server(): Pick<RunningSimProvider, "log" | "clearLog">;
  readonly setFault: RunningSimProvider["setFault"];
}

function control(request: HttpRequest, { server, setFault }: Controls): SocketResponse {
  switch (`${request.method} ${request.path}`) {
    case "GET /sim/log":
      return json(200, server().log());
    case "DELETE /sim/log":
      server().clearLog();
      return json(200, { cleared: true });
    case "POST /sim/fault":
      return postFault(request, setFault);
    default:
      return json(404, { problems: ["there are POST /sim/fault, GET /sim/log and DELETE /sim/log"] });
  }
}

function postFault(request: HttpRequest, setFault: RunningSimProvider["setFault"]): SocketResponse {
  const body = asRecord(parseJson(request.body));
  if (body?.kind === "none") {
    setFault(undefined);
    return json(200, { fault: null });
  }
  const problems: string[] = [];
  const { times, ...script } = body ?? {};
  const fault = parseFault(body === undefined ? undefined : script, "fault", problems);
  if (times !== undefined && !asCount(times)) problems.push("times: it is a whole number of requests, 1 or more");
  if (fault === undefined || problems.length > 0) return json(400, { problems });
  setFault(fault, asCount(times));
  return json(200, { fault: script, times: times ?? null });
}

function json(status: number, value: unknown): SocketResponse {
  const bytes = encodeJson(value);
  const headers = { "content-type": "application/json", "content-length": String(bytes.length) };
  return { plays: [{ type: "head", status, headers }, { type: "bytes", bytes }, { type: "end" }] };
}
