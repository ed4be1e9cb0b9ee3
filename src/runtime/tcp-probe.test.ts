// A host that accepts connections and then says nothing is as silent as one that accepts none, where TLS is spoken. Whatever
// it says instead, it is there.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { CERTIFICATE, CERTIFICATE_KEY } from "../../test/support/certificate.ts";
import { systemClock } from "./clock.ts";
import { createTcpProbe } from "./tcp-probe.ts";

const SILENT_MS = 150;
const servers: Server[] = [];
const probe = createTcpProbe(systemClock);

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const secure = Bun.serve({
  port: 0,
  tls: { key: CERTIFICATE_KEY, cert: CERTIFICATE },
  fetch: () => new Response("x"),
});
const open: Socket[] = [];
let silent = 0;
let plain = 0;
let closing = 0;
beforeAll(async () => {
  silent = await listening((socket) => void open.push(socket.resume()));
  plain = await listening((socket) => socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  closing = await listening((socket) => socket.end());
});
afterAll(() => {
  secure.stop(true);
  for (const server of servers) server.close();
});

test("a TLS host that never answers the hello is silent, and its connection is not kept", async () => {
  expect(await probe(new URL(`https://localhost:${silent}/v1`), SILENT_MS)).toBe(true);
  const [socket] = open;
  if (socket !== undefined && !socket.destroyed) await new Promise((resolve) => socket.once("close", resolve));
});

test.each([
  ["without TLS accepting is enough", () => `http://localhost:${silent}`],
  ["so it is where an address stands for a name", () => `https://127.0.0.1:${silent}`],
  ["one that speaks it is there, whoever signed its certificate", () => `https://localhost:${secure.port}`],
  ["one that speaks no TLS says so", () => `https://localhost:${plain}`],
  ["one that closes at once has reacted", () => `https://localhost:${closing}`],
  ["one that refuses fails by itself", () => "https://localhost:1"],
])("%s", async (_, url) => {
  expect(await probe(new URL(url()), SILENT_MS)).toBe(false);
});
