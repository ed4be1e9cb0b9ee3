// What keeps a browser's page from using a gateway without keys on the user's own machine: the Host must be loopback (DNS
// rebinding) and an Origin, if any, must be the gateway's own (cross-site requests). Where a key is asked for it is not
// needed: a page has none.

import { type Fault, fault } from "../core/fault.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/** `lacking`: what the gateway would need to have, to take the request all the same. */
export function checkOrigin(headers: Headers, lacking: "keys" | "admin key" = "keys"): Fault | undefined {
  const host = headers.get("host");
  const has = lacking === "keys" ? "no keys" : "no admin key";
  if (host !== null && !isLoopback(host)) {
    return fault("forbidden", `The Host header must be a loopback address while the gateway has ${has}.`);
  }
  const origin = headers.get("origin");
  if (origin === null || origin === `http://${host}`) return undefined;
  return fault("forbidden", `Requests from another origin are refused while the gateway has ${has}.`);
}
