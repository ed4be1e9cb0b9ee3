import { expect, test } from "bun:test";
import { vendorsOf } from "./vendor.ts";

const of = (...urls: readonly string[]) =>
  Object.fromEntries(vendorsOf(urls.map((url, index) => ({ name: `p${index}`, url }))));

test.each<[readonly string[], Readonly<Record<string, string>>]>([
  [["https://api.anthropic.com", "https://api.openai.com/v1"], {}],
  [
    ["https://bedrock-runtime.us-east-1.amazonaws.com", "https://bedrock-runtime.eu-west-1.amazonaws.com"],
    { p0: "amazonaws.com", p1: "amazonaws.com" },
  ],
  // Two accounts at one address.
  [["https://api.openai.com/v1", "https://api.openai.com/v1"], { p0: "openai.com", p1: "openai.com" }],
  [["https://a.x.co.uk", "https://b.y.co.uk"], {}],
  [["https://a.x.co.uk", "https://b.x.co.uk"], { p0: "x.co.uk", p1: "x.co.uk" }],
  [["https://api.x.ai/v1", "https://api.z.ai/v1"], {}],
  [["http://127.0.0.1:1", "http://127.0.0.1:2", "http://[::1]:1", "http://localhost:3"], {}],
  [["http://10.0.0.1:8000", "http://10.0.0.1:8000/v1"], { p0: "10.0.0.1:8000", p1: "10.0.0.1:8000" }],
])("%j", (urls, vendors) => expect(of(...urls)).toEqual(vendors));
