// The demo's own calls: a small, steady traffic through the gateway's port, so that there is something to watch. They use
// a route of their own, which is how they are told from a user's calls everywhere.

import type { Runtime } from "../core/runtime.ts";
import { createClient } from "./gateway-client.ts";

/** Also the model that they ask for. */
export const TRAFFIC_ROUTE = "demo-traffic";
/** Two calls a second. */
const EVERY_MS = 500;
/** Calls that may be open at once; in a stall no more are begun. */
const OPEN_MAX = 10;

/** Begins at once; the result ends it. */
export function startTraffic(url: string, runtime: Runtime): () => void {
  const client = createClient(url, undefined, runtime);
  const body = {
    model: TRAFFIC_ROUTE,
    max_tokens: 32,
    stream: true,
    messages: [{ role: "user", content: "What holds kelp to the rock?" }],
  };
  let open = 0;
  let disarm = () => {};
  const next = (): void => {
    disarm = runtime.clock.after(EVERY_MS, next);
    if (open >= OPEN_MAX) return;
    open++;
    void client.post("/v1/messages", body).then(() => {
      open--;
    });
  };
  next();
  return () => disarm();
}
