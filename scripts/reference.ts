// The reference pages and the JSON Schema that are made from the source, as text. Writing them is `docs.ts`'s business.

import type { DialectId } from "../src/core/call.ts";
import { FAULTS, type FaultKind, fault } from "../src/core/fault.ts";
import { DIALECTS } from "../src/dialects/registry.ts";
import { catalogPage } from "./reference-catalog.ts";
import { commandsPage } from "./reference-commands.ts";
import { configPage, jsonSchema } from "./reference-config.ts";
import { fieldsPage } from "./reference-fields.ts";
import { metricsPage } from "./reference-metrics.ts";

const RETRY = { same: "the same target once more", elsewhere: "another target", never: "no" } as const;

/** As the dialect itself writes it. */
function statusFor(dialect: DialectId, kind: FaultKind): number {
  return DIALECTS[dialect].wire.faultTo(fault(kind, ""), { call: "", trail: [] }).status;
}

function faultsPage(): string {
  // The table's keys are the kinds.
  const rows = (Object.keys(FAULTS) as FaultKind[]).map((kind) => {
    const { blame, retry, evidence, summary } = FAULTS[kind];
    const statuses = `${statusFor("openai-chat", kind)} | ${statusFor("anthropic-messages", kind)}`;
    return `| \`${kind}\` | ${summary} | ${blame} | ${statuses} | ${RETRY[retry]} | ${evidence === 0 ? "none" : evidence} |`;
  });
  return `# Faults

Why an attempt or a call did not succeed. Every decision reads this table: whether and where to try again, whom to blame,
what the client is told. \`x-holdfast-trail\` names the fault of each attempt.

*OpenAI* and *Anthropic* are the HTTP statuses that a client of that API sees when no target could answer and this is why;
an error of the caller's own that a provider of the same API worded goes back as it came. *Tried again at* says where the
next attempt of the same call may go. *Evidence* is the weight of the failure in the belief about a provider.

| fault | what happened | blame | OpenAI | Anthropic | tried again at | evidence |
|---|---|---|---|---|---|---|
${rows.join("\n")}

This page is made from \`src/core/fault.ts\` and the dialects by \`npm run docs\`.
`;
}

/** Path from the root, to what the page must say. */
export const PAGES: readonly { readonly path: string; text(): string }[] = [
  { path: "docs/reference/faults.md", text: faultsPage },
  { path: "docs/reference/config.md", text: configPage },
  { path: "docs/reference/commands.md", text: commandsPage },
  { path: "docs/reference/catalog.md", text: catalogPage },
  { path: "docs/reference/fields.md", text: fieldsPage },
  { path: "docs/reference/metrics.md", text: metricsPage },
  { path: "schema/holdfast.schema.json", text: jsonSchema },
];
