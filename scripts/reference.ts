// The reference pages and the JSON Schema that are made from the source, as text. Writing them is `docs.ts`'s business.

import { FAULTS } from "../src/core/fault.ts";
import { catalogPage } from "./reference-catalog.ts";
import { configPage, jsonSchema } from "./reference-config.ts";

const RETRY = { same: "the same target once more", elsewhere: "another target", never: "no" } as const;

function faultsPage(): string {
  const rows = Object.entries(FAULTS).map(
    ([kind, { blame, status, retry, evidence, summary }]) =>
      `| \`${kind}\` | ${summary} | ${blame} | ${status} | ${RETRY[retry]} | ${evidence === 0 ? "none" : evidence} |`,
  );
  return `# Faults

Why an attempt or a call did not succeed. Every decision reads this table: whether and where to try again, whom to blame,
what the client is told. \`x-holdfast-trail\` names the fault of each attempt.

*Status* is that of a final error of this kind, before the client's dialect turns it into its own. *Tried again at* says
where the next attempt of the same call may go. *Evidence* is the weight of the failure in the belief about a provider.

| fault | what happened | blame | status | tried again at | evidence |
|---|---|---|---|---|---|
${rows.join("\n")}

This page is made from \`src/core/fault.ts\` by \`npm run docs\`.
`;
}

/** Path from the root, to what the page must say. */
export const PAGES: readonly { readonly path: string; text(): string }[] = [
  { path: "docs/reference/faults.md", text: faultsPage },
  { path: "docs/reference/config.md", text: configPage },
  { path: "docs/reference/catalog.md", text: catalogPage },
  { path: "schema/holdfast.schema.json", text: jsonSchema },
];
