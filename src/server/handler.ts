// HTTP in, HTTP out: the data paths of the public surface over the engine, as one function from Request to Response. It
// is portable; listening is http.ts.

import type { DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { type Delivery, deliver, refusal } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import { streamBody } from "./body.ts";
import { checkOrigin } from "./guard.ts";
import { createIds } from "./ids.ts";
import { listModels } from "./models.ts";
import { type Path, readCall } from "./read-call.ts";

export interface Handler {
  handle(request: Request): Response | Promise<Response>;
  /** Requests whose response is not yet wholly handed over. */
  readonly open: number;
  /** From now on new calls are refused. */
  drain(): void;
}

const DATA_PATHS: Readonly<Record<string, Path>> = {
  "/v1/messages": { dialect: "anthropic-messages", operation: "generate" },
  "/v1/messages/count_tokens": { dialect: "anthropic-messages", operation: "count-tokens" },
  "/v1/chat/completions": { dialect: "openai-chat", operation: "generate" },
  "/v1/embeddings": { dialect: "openai-chat", operation: "embed" },
};

/** Beyond this a call is refused at once: each holds sockets and memory on both sides. */
const OPEN_MAX = 15_000;

export function createHandler(engine: Engine): Handler {
  const nextId = createIds(engine.runtime);
  const state = { open: 0, draining: false };
  return {
    get open() {
      return state.open;
    },
    drain() {
      state.draining = true;
    },
    handle(request) {
      const { path, query } = split(request.url);
      const foreign = checkOrigin(request.headers);
      const data = DATA_PATHS[path];
      if (foreign !== undefined) return refuse(nextId(), data?.dialect ?? dialectOf(request), foreign);
      if (data === undefined) return other(engine, request, path, { draining: state.draining, id: nextId });
      if (request.method !== "POST") return notAllowed(nextId(), data.dialect, request.method, "POST");
      if (state.draining) return draining(nextId(), data.dialect);
      if (state.open >= OPEN_MAX)
        return refuse(nextId(), data.dialect, fault("busy", "This gateway is at its limit of open calls."));
      return answer(engine, request, { path: data, query, id: nextId(), state });
    },
  };
}

interface Exchange {
  readonly path: Path;
  readonly query: string;
  readonly id: string;
  readonly state: { open: number };
}

async function answer(engine: Engine, request: Request, { path, query, id, state }: Exchange): Promise<Response> {
  state.open++;
  const cancel = new CancelSource();
  const left = (): void => cancel.cancel(fault("cancelled", "the client left"));
  const done = (): void => {
    state.open--;
    request.signal.removeEventListener("abort", left);
  };
  request.signal.addEventListener("abort", left);
  try {
    const asked = await readCall(request, path, query, { id, tenant: "default", runtime: engine.runtime });
    if (isFault(asked)) {
      done();
      return refuse(id, path.dialect, asked);
    }
    const delivery = await deliver(engine, asked.call, cancel, asked.openMs);
    return respond(engine, delivery, { cancel, done });
  } catch (error) {
    done();
    const message = error instanceof Error ? error.message : String(error);
    engine.emit({ type: "bug", atMs: engine.runtime.clock.now(), call: id, message });
    cancel.cancel(fault("bug", "Holdfast failed inside."));
    return refuse(id, path.dialect, fault("bug", "Holdfast failed inside; the call was not answered."));
  }
}

interface Responding {
  readonly cancel: CancelSource;
  readonly done: () => void;
}

function respond(engine: Engine, delivery: Delivery, { cancel, done }: Responding): Response {
  const { status, headers, body, early } = delivery;
  if (body instanceof Uint8Array) {
    done();
    return new Response(body as BodyInit, { status, headers }); // a Uint8Array is one; the types disagree on its buffer
  }
  const stream = streamBody(body, { clock: engine.runtime.clock, cancel, early, done });
  return new Response(stream, { status, headers });
}

function other(
  engine: Engine,
  request: Request,
  path: string,
  { draining: isDraining, id }: { readonly draining: boolean; readonly id: () => string },
): Response {
  const { method } = request;
  const read = method === "GET" || method === "HEAD";
  switch (path) {
    case "/healthz":
      return read ? Response.json({ status: "ok" }) : notAllowed(id(), "openai-chat", method, "GET");
    case "/readyz":
      return Response.json({ status: isDraining ? "draining" : "ready" }, { status: isDraining ? 503 : 200 });
    case "/v1/models":
      return read
        ? listModels(engine.routes.names, dialectOf(request))
        : notAllowed(id(), dialectOf(request), method, "GET");
    default:
      return refuse(
        id(),
        dialectOf(request),
        fault("not-found", `No such path: ${method} ${path}. See docs/reference/http.md.`),
      );
  }
}

function notAllowed(id: string, dialect: DialectId, method: string, allow: string): Response {
  const response = refuse(id, dialect, fault("invalid-request", `${method} is not allowed here; use ${allow}.`));
  const headers = new Headers(response.headers);
  headers.set("allow", allow);
  return new Response(response.body, { status: 405, headers });
}

/** No attempt was spent: another replica may take the very same request at once. */
function draining(id: string, dialect: DialectId): Response {
  const response = refuse(id, dialect, fault("draining", "This gateway is shutting down.", { retryAfterMs: 1_000 }));
  const headers = new Headers(response.headers);
  headers.set("x-should-retry", "true");
  headers.set("connection", "close");
  return new Response(response.body, { status: response.status, headers });
}

function refuse(id: string, dialect: DialectId, reason: Fault): Response {
  const { status, headers, body } = refusal(DIALECTS[dialect].wire, { id }, { ok: false, fault: reason, trail: [] });
  return new Response(body instanceof Uint8Array ? (body as BodyInit) : null, { status, headers }); // see respond
}

/** On paths that both dialects share, the Anthropic SDKs are known by the version they always send. */
function dialectOf(request: Request): DialectId {
  return request.headers.has("anthropic-version") ? "anthropic-messages" : "openai-chat";
}

function split(url: string): { path: string; query: string } {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return { path: "/", query: "" };
  const mark = url.indexOf("?", start);
  return mark < 0 ? { path: url.slice(start), query: "" } : { path: url.slice(start, mark), query: url.slice(mark) };
}
