// Checks a pack of evidence: is every record as it was written? The first one that is not is named.

import { firstBadRow, hashOf, readManifest } from "./chain.ts";
import { MANIFEST, PACK_FORMAT } from "./claim-pack.ts";
import { unzip, type ZipFile, zip } from "./zip.ts";

export type Verdict =
  | {
      readonly ok: true;
      readonly provider: string;
      readonly month: string;
      readonly madeAt: string;
      readonly files: number;
      readonly root: string;
    }
  | {
      readonly ok: false;
      /** The file; "" where the archive itself is broken. */
      readonly file: string;
      /** Of a table or the manifest: from 1 in a table, its head being 0, and from 0 in the manifest. */
      readonly record?: number;
      readonly why: string;
    };

/** `root`: what the last hash has to be, where it was kept. */
export function verifyPack(archive: Uint8Array, root?: string): Verdict {
  const files = unzip(archive);
  if (files === undefined) return bad("", "this is no archive as `report sla` makes it, or it was cut or packed anew");
  const manifestFile = files.at(-1);
  if (manifestFile?.name !== MANIFEST) return bad("", `the last file of the archive is not ${MANIFEST}`);
  const manifest = readManifest(new TextDecoder().decode(manifestFile.bytes));
  if (!manifest.ok)
    return { ...bad(MANIFEST, "this record was changed, added or taken away"), record: manifest.record };
  const [about, ...listed] = manifest.records;
  if (about?.format !== PACK_FORMAT) return { ...bad(MANIFEST, "this is a pack of another kind"), record: 0 };
  const evidence = files.slice(0, -1);
  for (const [index, facts] of listed.entries()) {
    const file = evidence[index];
    if (file === undefined || file.name !== facts.file) return bad(String(facts.file), "this file is not where it was");
    if (file.bytes.length !== facts.bytes || hashOf(file.bytes) !== facts.sha256) return changed(file);
  }
  const extra = evidence[listed.length];
  if (extra !== undefined) return bad(extra.name, "this file is not in the manifest");
  const same = zip(files);
  const at = archive.findIndex((byte, index) => same[index] !== byte);
  if (at >= 0 || same.length !== archive.length)
    return bad("", `the archive differs from byte ${at} on, outside of its files`);
  if (root !== undefined && root !== manifest.root)
    return bad(MANIFEST, `whole in itself, but its root is ${manifest.root}`);
  const { provider, month, madeAt } = about;
  const said = { provider: String(provider), month: String(month), madeAt: String(madeAt) };
  return { ok: true, ...said, files: listed.length, root: manifest.root };
}

function bad(file: string, why: string): Verdict & { readonly ok: false } {
  return { ok: false, file, why };
}

function changed({ name, bytes }: ZipFile): Verdict {
  const row = name.endsWith(".csv") ? firstBadRow(new TextDecoder().decode(bytes)) : undefined;
  return { ...bad(name, "its content is not what the manifest says"), ...(row !== undefined && { record: row }) };
}
