// `/admin/v1/…`: what runs and what ran, for people and commands; drain and restore. JSON in and out, errors with a code
// and a message. It shows targets, calls and faults, never a prompt, an answer or a key.

import type { Engine } from "../engine/engine.ts";
import type { Observers } from "../observe/observers.ts";
import type { Access } from "./access.ts";
import { listBeliefs } from "./admin-beliefs.ts";
import { listDeferred } from "./admin-deferred.ts";
import { type AdminFault, adminFault, isAdminFault } from "./admin-fault.ts";
import { adminIncidents, type RoomSource } from "./admin-incidents.ts";
import { callQuery, unknownName, unknownParameter, wrongParameter } from "./admin-query.ts";
import { reportImpact } from "./admin-reports.ts";
import { listSlos } from "./admin-slos.ts";
import { drainTarget, listTargets, restoreTarget } from "./admin-targets.ts";
import type { Asides } from "./asides.ts";
import type { Deferral } from "./deferral.ts";
import { createFeeds, type Feeds } from "./event-feeds.ts";
import { checkOrigin } from "./guard.ts";
import type { PageWatch } from "./page-watch.ts";
import { passedOver } from "./passed-over.ts";
import { readingView } from "./reading-view.ts";
import type { TargetBoard } from "./target-board.ts";

export interface Admin {
  handle(request: Request, path: string, query: string, access: Access): Response | Promise<Response>;
  /** Ends every feed of events: nobody drains while they are followed. */
  close(): void;
}

export interface AdminSources {
  readonly observers?: Observers;
  readonly board?: TargetBoard;
  readonly asides?: Asides;
  readonly incidents?: RoomSource;
  readonly pages?: PageWatch;
  readonly deferral?: Pick<Deferral, "jobs">;
}

interface Context {
  readonly engine: Engine;
  readonly sources: AdminSources;
  readonly feeds: Feeds;
}

interface Asked {
  readonly request: Request;
  /** Behind `/admin/v1/`, as it came: still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What kept answers are told apart by. */
const PURGED_BY = ["call", "route", "tenant", "target"] as const;
const PREFIX = "/admin/v1/";
const INCIDENTS = "incidents";

export function createAdmin(engine: Engine, sources: AdminSources): Admin {
  const feeds = createFeeds(engine.runtime.clock, sources.observers);
  const context = { engine, sources, feeds };
  return {
    close: feeds.close,
    async handle(request, path, query, access) {
      const refused = refusedBy(access, request);
      if (refused !== undefined) return respond(refused);
      if (!path.startsWith(PREFIX)) return respond(noSuchPath(path));
      const asked = { request, path: path.slice(PREFIX.length), query: new URLSearchParams(query) };
      return respond(await route(context, asked));
    },
  };
}

function refusedBy(access: Access, { headers }: Request): AdminFault | undefined {
  if (access.adminKeyed) {
    return access.isAdmin(headers) ? undefined : adminFault(401, "unauthorized", "The admin key is needed.");
  }
  const foreign = checkOrigin(headers, "admin key");
  return foreign === undefined ? undefined : adminFault(403, "forbidden", foreign.message);
}

type Result = Response | AdminFault | Readonly<Record<string, unknown>>;

function respond(result: Result): Response {
  if (result instanceof Response) return result;
  if (!isAdminFault(result)) return Response.json(result, { headers: { "cache-control": "no-store" } });
  const { status, code, message, nearest, allow } = result;
  const headers = {
    "cache-control": "no-store",
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(allow && { allow }),
  };
  return Response.json({ error: { code, message, ...(nearest && { nearest }) } }, { status, headers });
}

function route(context: Context, asked: Asked): Result | Promise<Result> {
  const { path } = asked;
  const target = /^targets\/(.+)\/(drain|restore)$/.exec(path);
  if (target !== null) return changeTarget(context, asked, target);
  const { engine, sources, feeds } = context;
  if (path === "targets") return reading(asked, () => ({ targets: listTargets(engine, sources.board) }));
  if (path === "beliefs") return reading(asked, () => ({ beliefs: listBeliefs(engine, sources.observers?.beliefs) }));
  if (path === "slos") return reading(asked, () => listSlos(sources.observers, asked.query, engine.runtime.wallMs()));
  if (path === "status") return reading(asked, () => listPages(sources.pages));
  if (path === INCIDENTS || path.startsWith(`${INCIDENTS}/`)) {
    const { request, query } = asked;
    return adminIncidents(sources.incidents, engine.settings, { request, query, path: path.slice(INCIDENTS.length) });
  }
  if (path === "reports/impact") return reading(asked, () => reportImpact(engine, sources.observers, asked.query));
  if (path === "deferred") return reading(asked, () => listDeferred(sources.deferral));
  if (path === "cache/purge") return purge(context, asked);
  if (path === "events") return reading(asked, () => feeds.open());
  if (path === "calls") return reading(asked, () => listCalls(context, asked.query));
  if (path.startsWith("calls/")) {
    return reading(asked, () => oneCall(context, decoded(path.slice("calls/".length))));
  }
  return noSuchPath(PREFIX + path);
}

function reading({ request: { method } }: Asked, read: () => Result | Promise<Result>): Result | Promise<Result> {
  return method === "GET" || method === "HEAD" ? read() : notAllowed(method, "GET");
}

/** A model's name may hold slashes, written as they are or percent-encoded. */
function changeTarget({ engine }: Context, { request }: Asked, [, name, what]: RegExpExecArray) {
  const target = decoded(name);
  if (target === undefined) return adminFault(400, "invalid-request", "The path is not a valid percent-encoding.");
  if (request.method !== "POST") return notAllowed(request.method, "POST");
  return what === "drain" ? drainTarget(engine, target, request) : restoreTarget(engine, target);
}

/** Of one call, one route, one tenant, one target, with one tag, older than so many seconds; without any of these: all. */
function purge({ engine }: Context, { request, query }: Asked): Result {
  if (request.method !== "POST") return notAllowed(request.method, "POST");
  // A filter that is not understood must not become "all".
  const unknown = unknownParameter(query, [...PURGED_BY, "tag", "older-than"]);
  if (unknown !== undefined) return unknown;
  const age = query.get("older-than");
  if (age !== null && !/^\d{1,9}$/.test(age)) return wrongParameter("older-than", "a whole number of seconds");
  const madeBeforeMs = age === null ? Number.POSITIVE_INFINITY : engine.runtime.clock.now() - Number(age) * 1_000;
  const tag = query.get("tag");
  const purged = engine.cells.answers.purge(
    (kept) =>
      PURGED_BY.every((name) => query.get(name) === null || query.get(name) === kept[name]) &&
      (tag === null || kept.tags?.includes(tag) === true) &&
      kept.atMs <= madeBeforeMs,
  );
  // What was kept for a route that is no more has just been found: nothing was, so that a wrong name is one.
  return (purged === 0 ? notKnown(engine, query) : undefined) ?? { purged };
}

function notKnown({ settings }: Engine, query: URLSearchParams): AdminFault | undefined {
  const route = query.get("route");
  const routes = settings.routes.map(({ name }) => name);
  if (route !== null && !routes.includes(route)) return unknownName("route", route, routes);
  const target = query.get("target");
  const targets = settings.routes.flatMap((one) => one.targets);
  const names = targets.map(({ provider, model }) => `${provider}/${model}`);
  const isOne =
    names.includes(target ?? "") ||
    targets.some(({ provider, model }) => model.endsWith("*") && target?.startsWith(`${provider}/`));
  return target === null || isOne ? undefined : unknownName("target", target, names);
}

function listCalls({ engine, sources }: Context, query: URLSearchParams): Result {
  const calls = sources.observers?.calls;
  if (calls === undefined) return notKept();
  const routes = engine.settings.routes.map(({ name }) => name);
  const asked = callQuery(query, { routes, isRemembered: (route) => calls.list({ route, limit: 1 }).length > 0 });
  return isAdminFault(asked) ? asked : { calls: calls.list(asked) };
}

function oneCall({ engine, sources }: Context, id: string | undefined): Result {
  const { observers, asides } = sources;
  if (observers === undefined) return notKept();
  const record = id === undefined ? undefined : observers.calls.get(id);
  if (record !== undefined) {
    const left = passedOver(engine, observers.beliefs, record);
    return { ...record, ...(left.length > 0 && { passedOver: left }) };
  }
  const aside = id === undefined ? undefined : asides?.get(id);
  if (aside !== undefined) return { ...aside };
  return adminFault(404, "not-found", "No such call: it never was, or it is older than what is kept.");
}

/** What the status pages said when they were last read, and where their own webhooks may be sent. */
function listPages(pages: PageWatch | undefined): Result {
  return { pages: (pages?.readings ?? []).map(readingView), hooks: pages?.hooks ?? [] };
}

function notKept(): AdminFault {
  return adminFault(404, "not-found", "This gateway keeps no record of its calls.");
}

function notAllowed(method: string, allow: string): AdminFault {
  return { ...adminFault(405, "invalid-request", `${method} is not allowed here; use ${allow}.`), allow };
}

function noSuchPath(path: string): AdminFault {
  return adminFault(404, "not-found", `No such path: ${path.slice(0, 200)}. See docs/reference/http.md.`);
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
