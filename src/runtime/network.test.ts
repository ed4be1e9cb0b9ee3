// What a gateway behind a company's network meets: a proxy for what goes out, a certificate authority of its own. In child
// processes, for Bun reads these variables at its start.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CERTIFICATE, CERTIFICATE_KEY } from "../../test/support/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-net-"));
const CA = join(folder, "ca.pem");
writeFileSync(CA, CERTIFICATE);

const secure = Bun.serve({
  port: 0,
  tls: { key: CERTIFICATE_KEY, cert: CERTIFICATE },
  fetch: ({ headers }) =>
    new Response(headers.get("host")?.startsWith("provider.test") ? "secure, as named" : "secure"),
});
const plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("plain") });

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  // A server on TCP has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A proxy that takes every name for this machine, and tells what it was asked for. */
const asked: string[] = [];
const proxy = createServer((client) => {
  client.on("error", () => {});
  client.once("data", (bytes) => {
    const [line = ""] = bytes.toString("latin1").split("\r\n");
    asked.push(line);
    const port = /^CONNECT [^:]+:(\d+) /.exec(line)?.[1];
    if (port === undefined) return client.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy");
    const host = connect(Number(port), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      host.pipe(client);
      client.pipe(host);
    });
    host.on("error", () => client.destroy());
  });
});
const PROXY = await listening(proxy);
const DEAD = "http://127.0.0.1:1";

afterAll(() => {
  secure.stop(true);
  plain.stop(true);
  proxy.close();
  rmSync(folder, { recursive: true });
});

const script = join(folder, "ask.ts");
writeFileSync(
  script,
  `import { CancelSource } from "${join(import.meta.dir, "../core/cancel.ts")}";
import { createBunRuntime } from "${join(import.meta.dir, "bun.ts")}";
const { transport } = createBunRuntime();
const [, , url, connectMs = "5000", address] = process.argv;
const request = { method: "GET", url, headers: {}, connectMs: Number(connectMs), ...(address && { address }) };
const response = await transport(request, new CancelSource());
console.log("status" in response ? new TextDecoder().decode(await response.body.whole(1000)) : response.message);
process.exit(0);
`,
);

async function ask(url: string, env: Record<string, string>, ...more: string[]): Promise<string> {
  asked.length = 0;
  const child = Bun.spawn([process.execPath, script, url, ...more], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  return (await new Response(child.stdout).text()).trim();
}

const NAMED = `https://provider.test:${secure.port}/`;

for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]) {
  test(`${name}: a request goes through the proxy, still encrypted to its host`, async () => {
    expect(await ask(NAMED, { [name]: PROXY, NODE_EXTRA_CA_CERTS: CA })).toBe("secure, as named");
    expect(asked).toEqual([`CONNECT provider.test:${secure.port} HTTP/1.1`]);
  });
}

test("HTTP_PROXY: requests without TLS", async () => {
  expect(await ask("http://provider.test/v1", { HTTP_PROXY: PROXY })).toBe("proxy");
  expect(asked).toEqual(["GET http://provider.test/v1 HTTP/1.1"]);
});

test("NO_PROXY: straight", async () => {
  const said = await ask(NAMED, { HTTPS_PROXY: PROXY, NO_PROXY: "provider.test", NODE_EXTRA_CA_CERTS: CA });
  expect(said).toContain("ENOTFOUND");
  expect(asked).toEqual([]);
});

test("what stays on this machine never goes through a proxy", async () => {
  const env = { HTTP_PROXY: DEAD, HTTPS_PROXY: DEAD, ALL_PROXY: DEAD, NODE_EXTRA_CA_CERTS: CA };
  expect(await ask(`http://127.0.0.1:${plain.port}/`, env)).toBe("plain");
  expect(await ask(`https://localhost:${secure.port}/`, env)).toBe("secure");
});

for (const name of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
  test(`${name}: a certificate authority of one's own`, async () => {
    const url = `https://localhost:${secure.port}/`;
    expect(await ask(url, { [name]: CA })).toBe("secure");
    expect(await ask(url, {})).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  });
}

test("an address that was checked is connected to, whatever its name leads to; the certificate must still be the name's", async () => {
  const own = { NODE_EXTRA_CA_CERTS: CA };
  const at = (url: string, address = "127.0.0.1", env: Record<string, string> = own) => ask(url, env, "5000", address);
  // The name itself leads nowhere.
  expect(await ask(NAMED, own)).toContain("ENOTFOUND");
  expect(await at(NAMED)).toBe("secure, as named");
  expect(await at(`https://other.test:${secure.port}/`)).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await at(`http://localhost:${plain.port}/`, "127.0.0.2")).not.toBe("plain");
  expect(await at(`http://pages.test:${plain.port}/`)).toBe("plain");
  // A proxy is asked for the name, which it resolves by itself.
  expect(await at(NAMED, "192.0.2.1", { ...own, HTTPS_PROXY: PROXY })).toBe("secure, as named");
  expect(asked).toEqual([`CONNECT provider.test:${secure.port} HTTP/1.1`]);
}, 30_000);

test("a slow answer through a proxy is not taken for a host that is not there", async () => {
  const slow = createServer((client) => {
    client.on("error", () => {});
    client.once("data", () => {
      setTimeout(() => client.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow"), 900);
    });
  });
  const url = await listening(slow);
  // 192.0.2.1 is nobody (RFC 5737): only the proxy can be asked whether it is there.
  expect(await ask("http://192.0.2.1/v1", { HTTP_PROXY: url }, "400")).toBe("slow");
  slow.close();
});
