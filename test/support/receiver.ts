// A receiver of webhooks on a port of this machine that answers as a test says, and remembers what came.

import { createHmac } from "node:crypto";

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Of the next requests; `undefined` hangs. */
  answer: (number: number) => Response | undefined;
  stop(): void;
}

export function receiver(): Receiver {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      received.push({ path: pathname, headers: request.headers.toJSON(), body: await request.text() });
      return here.answer(received.length) ?? new Promise<Response>(() => {});
    },
  });
  const here: Receiver = {
    url: `http://127.0.0.1:${server.port}`,
    received,
    answer: () => new Response("ok"),
    stop: () => void server.stop(true),
  };
  return here;
}

/** Checked as a receiver does, by the specification and with another implementation of HMAC. */
export function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"] === `v1,${createHmac("sha256", key).update(content).digest("base64")}`;
}
