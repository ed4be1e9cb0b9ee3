// `holdfast report sla --promised`: what the configuration's providers promise, route by route. It reads no ledger.

import type { Settings } from "../core/settings.ts";
import { htmlOf } from "../reports/html.ts";
import { markdownOf } from "../reports/page.ts";
import { type PromisedReport, type PromisedTerms, promisedCsv, promisedPage } from "../reports/promised-report.ts";
import { misuse } from "./command.ts";
import { readConfigLeniently, readConfiguration } from "./config-file.ts";
import { type Flags, textFlag } from "./flags.ts";
import { print } from "./print.ts";
import { contractOf } from "./promise-finder.ts";
import { isCatalogued, type PromiseTerms, promisesOf } from "./promises.ts";

const FORMATS: Readonly<Record<string, (report: PromisedReport) => string>> = {
  md: (report) => markdownOf(promisedPage(report)),
  html: (report) => htmlOf(promisedPage(report)),
  csv: promisedCsv,
  json: (report) => `${JSON.stringify(report)}\n`,
};
/** What is about a month, and means nothing here. */
const FOREIGN = ["provider", "month", "account", "region", "model", "out", "pages", "promise", "store"] as const;

export async function reportPromised(flags: Flags): Promise<number> {
  const foreign = FOREIGN.find((name) => flags[name] !== undefined);
  if (foreign !== undefined) return misuse("report sla", `--promised is about every route: it takes no --${foreign}`);
  const format = textFlag(flags, "format") ?? (flags.json === true ? "json" : "md");
  const write = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (write === undefined) {
    return misuse("report sla", `--promised --format ${format}: one of ${Object.keys(FORMATS).join(", ")}`);
  }
  const contract = await contractOf(flags);
  if (typeof contract === "string") return misuse("report sla", contract);
  const settings = await settingsOf(flags);
  if (typeof settings === "string") return misuse("report sla", settings);
  const { providers, routes } = settings;
  if (contract !== undefined && !providers.some(({ name }) => name === contract.provider)) {
    const known = providers.map(({ name }) => name).join(", ");
    return misuse("report sla", `the contract is with "${contract.provider}"; the configuration has ${known}`);
  }
  const known = new Map(providers.map((provider) => [provider.name, promisesOf(provider, contract)]));
  const report: PromisedReport = {
    report: "promised",
    routes: routes.map(({ name, targets }) => ({
      route: name,
      targets: targets.map(({ provider, model }) => ({
        target: `${provider}/${model}`,
        promises: (known.get(provider) ?? [])
          // Whatever a pattern's target will be asked for: all that its provider promises.
          .filter(({ covers }) => model.includes("*") || covers(model))
          .map(({ terms }) => promisedOf(terms)),
      })),
    })),
  };
  print(write(report));
  return 0;
}

async function settingsOf(flags: Flags): Promise<Settings | string> {
  const named = textFlag(flags, "config");
  const file = await readConfigLeniently(named);
  if (file.found && file.loaded.ok) return file.loaded.settings;
  const read = await readConfiguration(named);
  if (read.from === "unreadable") return read.message;
  if (read.from === "nothing") return "there is no configuration here: --config FILE";
  return read.loaded.ok ? read.loaded.settings : `${read.name} is not right: \`holdfast check\` says where`;
}

function promisedOf(terms: PromiseTerms): PromisedTerms {
  const { name, guarantee, definition, remedy, claiming, exclusions } = terms;
  const claim = guarantee?.claim;
  return {
    name,
    ...("tier" in terms && terms.tier !== undefined && { tier: terms.tier }),
    ...(guarantee && { promised: guarantee.promised }),
    ...{ definition, remedy, claiming, exclusions },
    ...(claim && { claimWithin: windowText(claim) }),
    ...(isCatalogued(terms) && {
      source: terms.source_url,
      verified: terms.verified_at,
      confidence: terms.confidence,
    }),
  };
}

function windowText(claim: NonNullable<NonNullable<PromiseTerms["guarantee"]>["claim"]>): string {
  if ("months" in claim) return `the end of the month that comes ${claim.months} months later`;
  return `${claim.days} days of ${claim.from === "incident" ? "the incident" : "the end of the month"}`;
}
