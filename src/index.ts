// The library's public API, and the one barrel: re-exports only.

export type { Duration, HoldfastConfig, ProviderConfig, RouteConfig } from "./config/config-object.ts";
export type { Problem } from "./config/problem.ts";
export type { GatewayEvent } from "./core/gateway-event.ts";
export type { RouteState, RouteStatus, Works } from "./engine/route-status.ts";
export type { EventFeed, FeedItem, Lost } from "./observe/event-hub.ts";
export { createHoldfast, type Holdfast, HoldfastConfigError, type HoldfastOptions } from "./server/embedded.ts";
