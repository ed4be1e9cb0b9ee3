// The table of errors in docs/reference/http.md is what the dialects do.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAULTS, type FaultKind, fault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/reference/http.md"), "utf8");
const rows = [...page.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+|every other) \| (\d{3} .*?) \| (\d{3} .*?) \|$/gm)];

function shown(dialect: "openai-chat" | "anthropic-messages", kind: FaultKind): string {
  const { status, body } = DIALECTS[dialect].wire.faultTo(fault(kind, ""), { call: "", trail: [] });
  const { error } = JSON.parse(new TextDecoder().decode(body));
  const words = dialect === "openai-chat" ? [error.type, error.code] : [error.type];
  return `${status} ${words.map((word) => `\`${word}\``).join(" ")}`;
}

test("every fault is as the page says", () => {
  const listed = new Map(
    rows.flatMap(([, kinds = "", openai, anthropic]) =>
      kinds.split(", ").map((kind) => [kind.replaceAll("`", ""), [openai, anthropic]] as const),
    ),
  );
  expect(listed.size).toBe(16);
  // The table's keys are the kinds.
  for (const kind of Object.keys(FAULTS) as FaultKind[]) {
    const [openai, anthropic] = listed.get(kind) ?? listed.get("every other") ?? [];
    expect([kind, shown("openai-chat", kind)]).toEqual([kind, openai ?? ""]);
    expect([kind, shown("anthropic-messages", kind)]).toEqual([kind, anthropic ?? ""]);
  }
});
