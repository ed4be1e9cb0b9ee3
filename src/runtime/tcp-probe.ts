// Is a host there at all? `fetch` cannot tell connecting from waiting, so when headers are late a connection is tried beside
// it; where the host has a name and speaks TLS, that must be answered, too. Only silence counts: a host that refuses, or a name
// that does not resolve, fails `fetch` by itself, and whose certificate it is does not matter here.

import { isIP } from "node:net";
import type { Clock } from "../core/runtime.ts";
import type { Probe } from "./fetch-transport.ts";

/** One probe for each host and time at once, however many calls wait for it. */
export function createTcpProbe(clock: Clock): Probe {
  const running = new Map<string, Promise<boolean>>();
  return (url, timeoutMs) => {
    // A route in a hurry must not decide for one that is not.
    const key = `${url.protocol} ${url.host} ${timeoutMs}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const started = isSilent(clock, url, timeoutMs).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}

function isSilent(clock: Clock, url: URL, timeoutMs: number): Promise<boolean> {
  const isTls = url.protocol === "https:";
  const port = Number(url.port) || (isTls ? 443 : 80);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  // An address may stand for a name that the host wants to hear before it says anything.
  const needsHello = isTls && isIP(hostname) === 0;
  return new Promise((resolve) => {
    let over = false;
    let close: ((silent: boolean) => void) | undefined;
    const settle = (silent: boolean): void => {
      if (over) return;
      over = true;
      disarm();
      resolve(silent);
      close?.(silent);
    };
    const disarm = clock.after(timeoutMs, () => settle(true));
    const reacted = (): void => settle(false);
    const connected = (): void => {
      if (!needsHello) reacted();
    };
    Bun.connect({
      hostname,
      port,
      ...(needsHello && { tls: { rejectUnauthorized: false, serverName: hostname } }),
      socket: { open: connected, handshake: reacted, data() {}, close: reacted, error: reacted, connectError: reacted },
    }).then(
      (socket) => {
        close = (silent) => void (silent ? socket.terminate() : socket.end());
        // Also one that connects after it was given up.
        if (over) close(needsHello);
        else connected();
      },
      () => settle(false),
    );
  });
}
