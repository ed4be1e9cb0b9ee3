// Which promises hold for whom.

import { expect, test } from "bun:test";
import { contractText } from "../../test/support/contract-text.ts";
import { readContract } from "../config/contract.ts";
import { type PromisedProvider, promisesOf } from "./promises.ts";

const VERTEX = "https://europe-west1-aiplatform.googleapis.com";

for (const [provider, model, wanted] of [
  [{ name: "openai" }, "gpt-6", ["OpenAI API", "OpenAI Scale Tier", "OpenAI Priority processing"]],
  [
    { name: "mine", url: "https://api.openai.com/v1" },
    "gpt-6",
    ["OpenAI API", "OpenAI Scale Tier", "OpenAI Priority processing"],
  ],
  [{ name: "openai", url: "https://x.openai.azure.com/openai" }, "gpt-6", ["Azure OpenAI"]],
  [{ name: "anthropic", url: "http://proxy.example.com" }, "claude", ["Anthropic API"]],
  [{ name: "aws", url: "https://bedrock-runtime.eu-west-1.amazonaws.com" }, "x", ["Amazon Bedrock"]],
  [{ name: "vertex", url: VERTEX }, "gemini-3-pro", ["Gemini on Vertex AI"]],
  [{ name: "vertex", url: VERTEX }, "gemini-3.7-flash", ["Gemini on Vertex AI, models of shorter availability"]],
  [{ name: "vertex", url: VERTEX }, "gemini-4-pro-preview-10-2026", []],
  [{ name: "mistral" }, "m", ["Mistral API", "Mistral, enterprise basic", "Mistral, enterprise standard"]],
  [{ name: "alpha", url: "http://evil.example/?api.openai.com" }, "m", []],
  [{ name: "alpha", url: "no url" }, "m", []],
] as readonly (readonly [PromisedProvider, string, readonly string[]])[]) {
  test(`promises of ${provider.name} at ${provider.url ?? "?"} for ${model}`, () => {
    const found = promisesOf(provider).filter(({ covers }) => covers(model));
    expect(found.map(({ terms }) => terms.name)).toEqual([...wanted]);
  });
}

test("a contract about some models leaves the others to the catalog", () => {
  const read = readContract(`${contractText("request-ratio")}models: [gpt-5*]\n`.replace("alpha", "openai"), "c.yaml");
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const names = (model: string) =>
    promisesOf({ name: "openai" }, read.contract)
      .filter(({ covers }) => covers(model))
      .map(({ terms }) => terms.name);
  expect(names("gpt-5-mini")).toEqual(["Ours"]);
  expect(names("gpt-6")).toEqual(["OpenAI API", "OpenAI Scale Tier", "OpenAI Priority processing"]);
  expect(promisesOf({ name: "beta" }, read.contract)).toEqual([]);
});
