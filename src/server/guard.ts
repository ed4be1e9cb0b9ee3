// What keeps a browser's page from using a gateway without keys on the user's own machine: the Host must be loopback (DNS
// rebinding) and an Origin, if any, must be the gateway's own (cross-site requests).

import { type Fault, fault } from "../core/fault.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

export function checkOrigin(headers: Headers): Fault | undefined {
  const host = headers.get("host");
  if (host !== null && !isLoopback(host)) {
    return fault("forbidden", "The Host header must be a loopback address while the gateway has no keys.");
  }
  const origin = headers.get("origin");
  if (origin === null || origin === `http://${host}`) return undefined;
  return fault("forbidden", "Requests from another origin are refused while the gateway has no keys.");
}
