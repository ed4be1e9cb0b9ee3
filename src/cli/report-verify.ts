// `holdfast report verify FILE.zip`: is a pack of evidence as it was made? What is wrong is named by its place.

import { readBytes } from "../runtime/command-io.ts";
import { type Verdict, verifyPack } from "../sla/verify-pack.ts";
import { misuse } from "./command.ts";
import { readFlags, textFlag } from "./flags.ts";
import type { ReportKind } from "./report.ts";

const HELP = `holdfast report verify FILE.zip [--root HASH] [--json]

Checks a pack that \`holdfast report sla --format zip\` made: every file, every row of its tables, the manifest and the
archive itself. The first record that was changed is named.

  --root HASH     the root that was told when the pack was made: without it, a pack that somebody made anew from the
                  beginning looks whole
  --json          one object on one line: { ok, provider, month, madeAt, files, root } or { ok, file, record, why }

Exit codes: 0 it is whole, 1 it is not, 2 bad use.`;

export const reportVerify: ReportKind = { help: HELP, run };

async function run(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, { root: { type: "string" } }, 1);
  if (!parsed.ok) return misuse("report verify", parsed.message);
  const [file] = parsed.rest;
  if (file === undefined) return misuse("report verify", "which FILE.zip?");
  const root = textFlag(parsed.flags, "root");
  if (root !== undefined && !/^[0-9a-f]{64}$/.test(root)) return misuse("report verify", "--root is 64 digits 0-9a-f");
  const bytes = await readBytes(file);
  if (!(bytes instanceof Uint8Array)) return misuse("report verify", bytes.problem);
  const verdict = verifyPack(bytes, root);
  console.log(parsed.flags.json === true ? JSON.stringify(verdict) : sentence(file, verdict));
  return verdict.ok ? 0 : 1;
}

function sentence(file: string, verdict: Verdict): string {
  if (verdict.ok) {
    const { files, provider, month, madeAt, root } = verdict;
    return `${file}: whole. ${files} files on ${provider} in ${month}, made ${madeAt}; root ${root}`;
  }
  const place = verdict.file === "" ? "the archive" : verdict.file;
  const record = verdict.record === undefined ? "" : `, record ${verdict.record}`;
  return `${file}: NOT as it was made: ${place}${record}: ${verdict.why}`;
}
