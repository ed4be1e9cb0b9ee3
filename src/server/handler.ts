// HTTP in, HTTP out: which path is what, and who may ask. The data paths of the public surface over the engine, as one
// function from Request to Response. It is portable; listening is http.ts.

import { fault } from "../core/fault.ts";
import type { Settings } from "../core/settings.ts";
import { type Engine, routesNear } from "../engine/engine.ts";
import type { Observers } from "../observe/observers.ts";
import { type Access, createAccess, type Tenant } from "./access.ts";
import { createAdmin } from "./admin.ts";
import { answer, type Open } from "./answer.ts";
import { createAsides } from "./asides.ts";
import { createClientWatch, type Patient } from "./client-watch.ts";
import type { Deferral } from "./deferral.ts";
import { answerDeferred, DEFERRED } from "./deferred-path.ts";
import { checkOrigin } from "./guard.ts";
import { createIds } from "./ids.ts";
import type { IncidentRoom } from "./incident-room.ts";
import { meantPath } from "./meant-path.ts";
import { listModels, oneModel } from "./models.ts";
import type { PageWatch } from "./page-watch.ts";
import { passThrough } from "./pass-through.ts";
import type { Path } from "./read-call.ts";
import { type Asker, dialectOf, draining, full, notAllowed, notFound, refuse, unauthorized } from "./refuse.ts";
import { answerRouteStatus } from "./route-status.ts";
import { createStatusPage, isStatusPath } from "./status-page.ts";
import type { TargetBoard } from "./target-board.ts";

export interface Handler {
  /** `patient` is called once the client has sent what is waited for: from then on silence is no fault of its. */
  handle(request: Request, patient?: Patient): Response | Promise<Response>;
  /** Requests whose response is not yet wholly handed over. */
  readonly open: number;
  /** From now on new calls are refused, and feeds of events end. */
  drain(): void;
}

/** What the server knows beside the engine; a path whose source is absent says so. */
export interface HandlerOptions {
  readonly observers?: Observers;
  readonly board?: TargetBoard;
  /** With where the gateway is reached, once it listens. */
  readonly incidents?: Pick<IncidentRoom, "desk" | "notifier" | "url">;
  readonly pages?: PageWatch;
  readonly deferral?: Deferral;
  /** Responses go to Bun's server, and nobody else reads them: streams take a shorter way. */
  readonly direct?: boolean;
}

const DATA_PATHS: Readonly<Record<string, Path>> = {
  "/v1/messages": { dialect: "anthropic-messages", operation: "generate" },
  "/v1/messages/count_tokens": { dialect: "anthropic-messages", operation: "count-tokens" },
  "/v1/chat/completions": { dialect: "openai-chat", operation: "generate" },
  "/v1/embeddings": { dialect: "openai-chat", operation: "embed" },
};

const ROUTE_STATUS = "/v1/route-status";
const MODELS = "/v1/models";
const MEANT = [...Object.keys(DATA_PATHS), MODELS];
/** There is no provider of its dialect that it could be passed through to. */
const GEMINI = /^\/v1(?:beta)?\/models\/[^/]+:(?:streamG|g)enerateContent$/;
const NO_GEMINI = "The Gemini API is not in this version; the others are in docs/reference/http.md.";

/** Beyond this a call is refused at once: each holds sockets and memory on both sides. */
const OPEN_MAX = 15_000;

interface State extends Open {
  draining: boolean;
}

interface Asked {
  readonly request: Request;
  readonly path: string;
  readonly query: string;
  readonly asker: Asker;
  readonly patient: Patient;
}

export function createHandler(engine: Engine, options: HandlerOptions = {}): Handler {
  const nextId = createIds(engine.runtime);
  const state: State = { open: 0, draining: false };
  const accessNow = followAccess(engine);
  const clients = createClientWatch(engine.runtime.clock, options.direct);
  const { observers, incidents } = options;
  const endUser = observers?.endUser;
  const asides = observers && createAsides(engine.runtime.wallMs);
  const admin = createAdmin(engine, { ...options, ...(asides && { asides }) });
  const page = incidents && createStatusPage(incidents.desk, incidents.url);
  const data = (asked: Asked, tenant: Tenant): Response | Promise<Response> => {
    const { request, path, query, asker, patient } = asked;
    const known = dataPath(path);
    if (known !== undefined && request.method !== "POST") return notAllowed(asker, request.method, "POST");
    const meant = known ?? meantPath(path, MEANT);
    if (typeof meant === "string") return notFound(asker, noSuchPath(request.method, path, meant));
    if (known === undefined && isModels(path, request)) return models(engine, asked, tenant);
    if (path === ROUTE_STATUS) {
      if (!isRead(request.method)) return notAllowed(asker, request.method, "GET");
      return answerRouteStatus(engine, query, tenant, asker);
    }
    if (path.startsWith(DEFERRED))
      return answerDeferred(options.deferral, { ...pollOf(asked), tenant, asker, clock: engine.runtime.clock });
    if (state.draining) return draining(asker);
    if (state.open >= OPEN_MAX) return full(asker);
    if (known !== undefined) {
      return answer(engine, { request, path: known, query, asker, tenant, open: state, patient, clients, endUser });
    }
    if (GEMINI.test(path)) return notFound(asker, NO_GEMINI);
    return passThrough(engine, { request, path, query, asker, tenant, open: state, patient });
  };
  return {
    get open() {
      return state.open;
    },
    drain() {
      state.draining = true;
      admin.close();
    },
    handle(request, patient = () => {}) {
      const { path, query } = split(request.url);
      const asker = { id: nextId(), dialect: dataPath(path)?.dialect ?? dialectOf(request.headers), asides };
      const asked = { request, path, query, asker, patient };
      if (path === "/healthz" || path === "/readyz") return probe(asked, state.draining);
      // Before any guard: the path itself is the secret, and all it can do is have a page read again.
      if (path.startsWith(HOOKS)) return hook(asked, options.pages);
      const access = accessNow();
      if (path.startsWith("/admin/")) return admin.handle(request, path, query, access);
      const { settings } = engine;
      const isOpen = settings.statusPage === "public" && page !== undefined && isStatusPath(path);
      const foreign = access.keyed || isOpen ? undefined : checkOrigin(request.headers);
      if (foreign !== undefined) return refuse(asker, foreign);
      if (!path.startsWith("/v1/")) {
        return page?.answer(request, path, { access, settings }) ?? other(asked, observers);
      }
      const tenant = access.tenant(request.headers);
      return tenant === undefined ? unauthorized(asker) : data(asked, tenant);
    },
  };
}

/** Keys change with a reload: what was made of them is made again when the settings are others. */
function followAccess(engine: Engine): () => Access {
  let settings: Settings | undefined;
  let access: Access | undefined;
  return () => {
    if (access === undefined || settings !== engine.settings) {
      settings = engine.settings;
      access = createAccess(settings);
    }
    return access;
  };
}

const HOOKS = "/hooks/status/";

/** What is sent is not even looked at: only the page itself is believed. */
function hook({ request: { method }, path, asker }: Asked, pages: PageWatch | undefined): Response {
  if (method !== "POST") return notAllowed(asker, method, "POST");
  if (pages?.hint(path.slice(HOOKS.length)) !== true) return notFound(asker, "No such path.");
  return new Response(null, { status: 204 });
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function probe({ request, path, asker }: Asked, isDraining: boolean): Response {
  if (!isRead(request.method)) return notAllowed(asker, request.method, "GET");
  if (path === "/healthz") return Response.json({ status: "ok" });
  return Response.json({ status: isDraining ? "draining" : "ready" }, { status: isDraining ? 503 : 200 });
}

/** What needs no key and is no data. */
function other({ request, path, asker }: Asked, observers: Observers | undefined): Response {
  const { method } = request;
  const isMetrics = path === "/metrics" && observers !== undefined;
  if (GEMINI.test(path)) return notFound(asker, NO_GEMINI);
  if (path !== "/" && !isMetrics) {
    return notFound(asker, noSuchPath(method, path, meantPath(path, MEANT)));
  }
  if (!isRead(method)) return notAllowed(asker, method, "GET");
  if (isMetrics) {
    return new Response(observers.metrics.text(), { headers: { "content-type": observers.metrics.contentType } });
  }
  // Some clients ask whether anybody is there before their first call.
  return new Response("Holdfast: a gateway for AI models. Its paths are in docs/reference/http.md.\n", {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

function dataPath(path: string): Path | undefined {
  return Object.hasOwn(DATA_PATHS, path) ? DATA_PATHS[path] : undefined;
}

function pollOf({ request: { method, headers }, path }: Asked) {
  const wantsProgress = headers.get("accept")?.includes("text/event-stream") === true;
  return { method, id: path.slice(DEFERRED.length), wantsProgress };
}

function noSuchPath(method: string, path: string, meant: string | undefined): string {
  const hint =
    meant === undefined
      ? ""
      : ` Did you mean ${meant}? Look at the base URL: OpenAI clients take it with /v1, Anthropic clients without.`;
  return `No such path: ${method} ${shown(path)}.${hint} See docs/reference/http.md.`;
}

function isModels(path: string, { method }: Request): boolean {
  // Anything else on a model (a fine-tuned one is deleted there) is the provider's.
  return path === MODELS || (path.startsWith(`${MODELS}/`) && isRead(method));
}

function models(engine: Engine, { request, path, asker }: Asked, { routes }: Tenant): Response {
  if (!isRead(request.method)) return notAllowed(asker, request.method, "GET");
  const { names } = engine.routes;
  const allowed = routes === undefined ? names : names.filter((name) => routes.includes(name));
  if (path === MODELS) return listModels(allowed, asker.dialect);
  const id = decoded(path.slice(MODELS.length + 1));
  const route = id === undefined ? undefined : engine.routes.find(id);
  if (id === undefined || route === undefined || !allowed.includes(route)) {
    const name = shown(id ?? path);
    const message = `No route has the model "${name}".${routesNear(name, names, routes)}`;
    const reason = fault("not-found", message, { param: "model" });
    return refuse(asker, reason);
  }
  return oneModel(id, asker.dialect);
}

/** Part of a path as the client meant it; `undefined` when it is no valid percent-encoding. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function split(url: string): { path: string; query: string } {
  // A request of HTTP/1.0 without a Host has no origin to put before its path.
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return { path: "/", query: "" };
  const mark = url.indexOf("?", start);
  return mark < 0 ? { path: url.slice(start), query: "" } : { path: url.slice(start, mark), query: url.slice(mark) };
}
