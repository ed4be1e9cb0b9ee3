// `GET /v1/route-status?route=R`: how a route does, for whoever may use it. A route that a key may not use is as unknown as one
// that does not exist.

import { fault } from "../core/fault.ts";
import { type Engine, routesNear } from "../engine/engine.ts";
import { routeStatus } from "../engine/route-status.ts";
import type { Tenant } from "./access.ts";
import { type Asker, refuse } from "./refuse.ts";

export function answerRouteStatus(engine: Engine, query: string, { routes }: Tenant, asker: Asker): Response {
  const route = new URLSearchParams(query).get("route");
  if (route === null || route === "") {
    return refuse(
      asker,
      fault("invalid-request", "The parameter route is missing: the name of a route.", { param: "route" }),
    );
  }
  const status = routeStatus(engine, route, routes);
  if (status === undefined) {
    const names = engine.settings.routes.map(({ name }) => name);
    const message = `No such route: ${route.slice(0, 200)}.${routesNear(route, names, routes)}`;
    return refuse(asker, fault("not-found", message, { param: "route" }));
  }
  return Response.json(status, { headers: { "cache-control": "no-store" } });
}
