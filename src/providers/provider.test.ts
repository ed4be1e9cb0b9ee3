import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ProviderSettings } from "../core/settings.ts";
import { VERSION } from "../core/version.ts";
import { createProvider, forwardedHeaders } from "./provider.ts";

const ANTHROPIC: ProviderSettings = {
  name: "anthropic",
  dialect: "anthropic-messages",
  url: "https://api.anthropic.com",
  keys: ["k"],
  tier: "remote",
};
const OPENAI: ProviderSettings = {
  ...ANTHROPIC,
  name: "openai",
  dialect: "openai-chat",
  url: "https://api.openai.com/v1",
};

/** What an SDK, a browser and a careless client send. */
const CLIENT = {
  "x-api-key": "client-key",
  authorization: "Bearer client-token",
  cookie: "session=1",
  "user-agent": "Anthropic/JS 1.12.0",
  "x-stainless-lang": "js",
  "x-stainless-retry-count": "1",
  "openai-organization": "org-1",
  "openai-project": "proj-1",
  "anthropic-workspace-id": "w-1",
  "anthropic-version": "2024-10-22",
  "anthropic-beta": "a,b",
  "idempotency-key": "once",
  "x-forwarded-for": "10.0.0.1",
  "x-holdfast-strict": "true",
  host: "localhost",
  "content-length": "12",
};

test("Anthropic: key, version and betas, and nothing else of the client", () => {
  expect(createProvider(ANTHROPIC).authorize("sk-own", CLIENT)).toEqual({
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": `holdfast/${VERSION}`,
    "x-api-key": "sk-own",
    "anthropic-version": "2024-10-22",
    "anthropic-beta": "a,b",
    "idempotency-key": "once",
  });
});

test("Anthropic: a client without a version gets the default one", () => {
  expect(createProvider(ANTHROPIC).authorize("k", {})["anthropic-version"]).toBe("2023-06-01");
});

test("OpenAI: a bearer token, and nothing of another dialect or credential", () => {
  expect(createProvider(OPENAI).authorize("sk-own", CLIENT)).toEqual({
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": `holdfast/${VERSION}`,
    authorization: "Bearer sk-own",
    "idempotency-key": "once",
  });
});

test("without a key there is no credential, the client's least of all", () => {
  for (const settings of [ANTHROPIC, OPENAI]) {
    const headers = createProvider(settings).authorize(undefined, CLIENT);
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("x-api-key");
  }
});

test("name, dialect, url and tier are taken over", () => {
  const { authorize: _, urlOf, ...provider } = createProvider(OPENAI);
  expect(urlOf("/chat/completions")).toBe("https://api.openai.com/v1/chat/completions");
  expect(provider).toEqual({
    name: "openai",
    dialect: "openai-chat",
    url: "https://api.openai.com/v1",
    tier: "remote",
  });
});

test("what a call carries of its client's headers is the dialect's list", () => {
  const headers = new Headers(CLIENT);
  expect(forwardedHeaders("anthropic-messages", headers)).toEqual({
    "anthropic-version": "2024-10-22",
    "anthropic-beta": "a,b",
    "idempotency-key": "once",
  });
  expect(forwardedHeaders("openai-chat", headers)).toEqual({ "idempotency-key": "once" });
});

test("the version is package.json's", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest).toHaveProperty("version", VERSION);
});
