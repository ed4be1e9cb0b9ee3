// The reference page of what becomes of each request field at a target of another dialect, from the codecs' own ledgers.

import { MESSAGES_FIELDS } from "../src/dialects/anthropic-messages/fields.ts";
import type { FieldRow } from "../src/dialects/field-ledger.ts";
import { CHAT_FIELDS } from "../src/dialects/openai-chat/fields.ts";

export function fieldsPage(): string {
  return `# Request fields

A target of the client's own dialect gets the client's bytes: nothing becomes of any field but the model's name. One thing
is looked at: a request that goes on with a \`container\` or a \`thread\` is only sent to the route's first provider of its dialect,
where they are stored; another would not know them, and say that the request is wrong. For a target of the other dialect the request is translated, and each field has one of four fates:

- **mapped**: carried, nothing is lost;
- **approximated**: carried in another form;
- **dropped**: left out; the answer is much the same without it;
- **rejected**: that target cannot be used for this request. Another one may be; where none can, the answer is 400 with the
  field's name. So it is with everything that is stored at its provider, and with tools that a provider runs itself.

What was approximated or dropped is named in \`x-holdfast-lossy\`, by its path. With \`strict: true\` on the route, or
\`x-holdfast-strict: true\` on the request, both are refused with 400. A field that is not in the table is dropped and named.
Reasoning goes back to nobody but the provider that wrote it: translated requests go without it, on the native lane it stays
as it is, byte for byte. A Chat client is shown what another provider reasoned as \`reasoning_content\`; an Anthropic client that
asked for thinking as a \`thinking\` block with a mark of ours, which is taken out again when it comes back
([why](../adr/0014-foreign-thinking.md)). Tools keep the names that the client gave
them, whatever was sent.

## Anthropic Messages, at a target of OpenAI Chat

${table(MESSAGES_FIELDS)}

## OpenAI Chat, at a target of Anthropic Messages

${table(CHAT_FIELDS)}

This page is made from \`src/dialects/*/fields.ts\` by \`npm run docs\`; a test sends every row through the codecs.
`;
}

function table(ledger: readonly FieldRow[]): string {
  const rows = ledger.map(
    ({ field, when, fate, note }) => `| \`${field}\` | ${when ?? ""} | ${fate} | ${note.replaceAll("|", "\\|")} |`,
  );
  return ["| field | when | fate | |", "|---|---|---|---|", ...rows].join("\n");
}
