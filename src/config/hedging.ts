// What a route says of second requests in parallel, as settings. The shape was checked before.

import type { RouteSettings } from "../core/settings.ts";
import type { Config } from "./schema.ts";

/** What holds where `hedge` is a mapping that leaves it out. */
export const HEDGE_DEFAULTS = { after: "p95", share: 0.02 } as const;

/** `undefined`: none are sent. */
export function hedgeOf(hedge: Config["routes"][string]["hedge"]): RouteSettings["hedge"] {
  if (typeof hedge !== "object") return undefined;
  const { after = HEDGE_DEFAULTS.after, budget: share = HEDGE_DEFAULTS.share } = hedge;
  // At once is no hedge but every call twice.
  return share === 0 || after === 0 ? undefined : { after, share };
}
