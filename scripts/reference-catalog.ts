// The reference page of the catalog: what Holdfast knows of providers and models, and where each fact was read.

import type { CatalogModel, Price } from "../catalog/model.ts";
import { FAMILIES, MODELS } from "../catalog/models.ts";
import { PROVIDERS } from "../catalog/providers.ts";
import { SLAS } from "../catalog/slas.ts";
import { STATUS_PAGES } from "../catalog/status-pages.ts";

export function catalogPage(): string {
  const families = FAMILIES.map(({ prefix, provider, class: stands }) =>
    row([`\`${prefix}*\``, provider, stands ?? "–"]),
  );
  return `# Catalog

What is known without any configuration. Facts only, each with its source and the day it was checked; a fact that could
not be found is left out. A provider's name in \`holdfast.yaml\` brings its dialect and url.

Without a configuration, each model here whose provider has a key in the environment is a route by its own name, then the
first model of its class (else of the nearest) at the other providers with keys.

## Providers

| name | dialect | url | key | status page | source | verified |
|---|---|---|---|---|---|---|
${providerRows().join("\n")}

\`ANTHROPIC_BASE_URL\` and \`OPENAI_BASE_URL\` replace the url, as in the vendors' SDKs, unless they point at the gateway itself.

## Status pages

What is known of pages beyond their address; any other page is read [from its address](../guides/status-pages.md#which-pages).

| page | read at | else at | the API's components | at most every | source | verified |
|---|---|---|---|---|---|---|
${pageRows().join("\n")}

## Promises

What providers promise of their availability, as far as it could be read: what \`holdfast report sla\` [judges by](../guides/reports.md#a-providers-month-and-a-claim),
where no contract of your own is given. Confidence: \`official\`, the provider's own text was read; \`quoted\`, others quote it; \`secondary\`,
others tell of it.

| promise | of the month | downtime | credit | claiming | does not count | confidence | source | verified |
|---|---|---|---|---|---|---|---|---|
${SLAS.map(promiseRow).join("\n")}

## Models

Prices are in US dollars for a million tokens of input / output. Where a price changes with the hour, the highest is given.

| name | provider | class | context | largest output | price | source | verified |
|---|---|---|---|---|---|---|---|
${MODELS.map(modelRow).join("\n")}

## Names by their beginning

Without a configuration, other models of these names go to their provider as they are; elsewhere their class stands in.

| names | provider | class |
|---|---|---|
${families.join("\n")}

This page is made from \`catalog/\` by \`npm run docs\`.
`;
}

function providerRows(): readonly string[] {
  return Object.entries(PROVIDERS).map(([name, entry]) => {
    const key = entry.keyVariable === undefined ? "none" : `\`${entry.keyVariable}\``;
    return row([
      `\`${name}\``,
      entry.dialect,
      `\`${entry.url}\``,
      key,
      entry.statusPage ?? "–",
      entry.source,
      entry.verified,
    ]);
  });
}

function promiseRow(entry: (typeof SLAS)[number]): string {
  const { name, tier, guarantee, definition, remedy, claiming, exclusions, confidence } = entry;
  return row([
    tier === undefined ? name : `${name} (sold apart)`,
    guarantee === undefined ? "nothing" : `${Number((guarantee.promised * 100).toPrecision(6))} %`,
    definition,
    remedy,
    claiming,
    exclusions.length === 0 ? "–" : exclusions.join(", "),
    confidence,
    entry.source_url,
    entry.verified_at,
  ]);
}

function pageRows(): readonly string[] {
  return Object.entries(STATUS_PAGES).map(([host, { surfaces = {}, fallbacks = [], documents = [], ...page }]) => {
    const api = Object.entries(surfaces).filter(([, surface]) => surface === "api");
    return row([
      host,
      documents.join(", ") || "found from its address",
      fallbacks.join(", ") || "–",
      api.map(([id]) => `\`${id}\``).join(", ") || "by name, or none",
      page.floorS === undefined ? "–" : `${page.floorS} s`,
      page.source,
      page.verified,
    ]);
  });
}

function modelRow({ name, provider, price, source, verified, ...known }: CatalogModel): string {
  const sources = price === undefined || price.source === source ? source : `${source} · price: ${price.source}`;
  const limits = [known.contextTokens, known.maxOutputTokens].map((tokens) => tokens?.toLocaleString("en-US") ?? "–");
  return row([`\`${name}\``, provider, known.class ?? "–", ...limits, priceText(price), sources, verified]);
}

function priceText(price: Price | undefined): string {
  if (price === undefined) return "–";
  const terms = [
    price.promptTokensMax === undefined
      ? ""
      : ` up to ${price.promptTokensMax.toLocaleString("en-US")} tokens of prompt`,
    price.until === undefined ? "" : ` until ${price.until}`,
  ];
  return `${price.inputPerMillion} / ${price.outputPerMillion}${terms.join("")}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
