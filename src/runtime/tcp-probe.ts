// Is a host there at all? `fetch` cannot tell connecting from waiting, so when headers are late a TCP connection is tried
// beside it. Only silence counts: a host that refuses, or a name that does not resolve, fails `fetch` by itself.

import type { Clock } from "../core/runtime.ts";
import type { Probe } from "./fetch-transport.ts";

/** One probe for each host and time at once, however many calls wait for it. */
export function createTcpProbe(clock: Clock): Probe {
  const running = new Map<string, Promise<boolean>>();
  return (url, timeoutMs) => {
    // A route in a hurry must not decide for one that is not.
    const key = `${url.host} ${timeoutMs}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const started = isSilent(clock, url, timeoutMs).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}

function isSilent(clock: Clock, url: URL, timeoutMs: number): Promise<boolean> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return new Promise((resolve) => {
    let over = false;
    const settle = (silent: boolean): void => {
      over = true;
      disarm();
      resolve(silent);
    };
    const disarm = clock.after(timeoutMs, () => settle(true));
    const reacted = (): void => settle(false);
    Bun.connect({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      socket: { open: reacted, data() {}, error: reacted, connectError: reacted },
    }).then(
      (socket) => {
        // Also one that connects after it was given up.
        socket.end();
        if (!over) reacted();
      },
      () => {
        if (!over) reacted();
      },
    );
  });
}
