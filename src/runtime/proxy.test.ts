import { expect, test } from "bun:test";
import { hasProxy, proxyFor } from "./proxy.ts";

const P = "http://proxy.test:3128";

for (const [url, env, wanted] of [
  ["https://api.test/v1", { HTTPS_PROXY: P }, true],
  ["https://api.test/v1", { https_proxy: P }, true],
  ["https://api.test/v1", { HTTP_PROXY: P }, false],
  ["http://api.test/v1", { HTTP_PROXY: P }, true],
  ["http://api.test/v1", { ALL_PROXY: P }, true],
  ["http://api.test/v1", { http_proxy: "", HTTP_PROXY: P }, true],
  ["http://api.test/v1", {}, false],
  ["http://api.test/v1", { HTTP_PROXY: "proxy.test:3128" }, true],
  // This machine itself.
  ["http://127.0.0.1:11434/v1", { HTTP_PROXY: P }, false],
  ["http://localhost:11434/v1", { HTTP_PROXY: P }, false],
  ["http://[::1]:11434/v1", { HTTP_PROXY: P }, false],
  // NO_PROXY, as Bun's fetch reads it.
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "api.test" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "test" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: ".test" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "*.test" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "pi.test" }, true],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "api.test:80" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "api.test:81" }, true],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "other, API.TEST" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "*" }, false],
  ["http://api.test/", { HTTP_PROXY: P, NO_PROXY: "*", no_proxy: "other" }, true],
  ["http://10.1.2.3/", { HTTP_PROXY: P, NO_PROXY: "10.1.2.3" }, false],
  ["http://10.1.2.3/", { HTTP_PROXY: P, NO_PROXY: "2.3" }, true],
] as const) {
  test(`${url} with ${JSON.stringify(env)}: ${wanted ? "through the proxy" : "straight"}`, () => {
    expect(proxyFor(new URL(url), env)?.host).toBe(wanted ? "proxy.test:3128" : undefined);
    expect(hasProxy(env)).toBe(Object.keys(env).length > 0);
  });
}
