import { expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../test/support/effort.ts";
import type { MinuteCount } from "../core/sla.ts";
import { hashOf, manifestOf, readManifest } from "./chain.ts";
import { type ClaimEvidence, claimPack } from "./claim-pack.ts";
import { measured } from "./measured.ts";
import { verifyPack } from "./verify-pack.ts";
import { unzip, zip } from "./zip.ts";

const FROM = Date.UTC(2026, 9, 1) / 60_000;
const MONTH = { fromMinute: FROM, toMinute: FROM + 31 * 1_440 };

function minute(after: number, valid: number, error500 = 0): MinuteCount {
  return { minute: FROM + after, valid, failed: error500, by: { error500 } };
}

const MINUTES = Array.from({ length: 200 }, (_, index) => minute(index, 20, index >= 50 && index < 60 ? 15 : 0));

const EVIDENCE: ClaimEvidence = {
  provider: "alpha",
  month: "2026-10",
  madeAtMs: Date.UTC(2026, 10, 2),
  evaluation: measured(MINUTES, MONTH),
  minutes: MINUTES,
  requests: Array.from({ length: 100 }, (_, index) => ({
    atMs: (FROM + 50) * 60_000 + index * 1_000,
    requestId: index === 7 ? '=cmd|"x",\r\nforged' : `req_${index}`,
    status: index === 8 ? 0 : 500,
    outcome: "error500",
    fault: "server-error",
    model: "m",
    account: "0123456789ab",
    tookMs: 30,
    call: `call_${index}`,
  })),
  requestsAreCut: false,
  pages: [{ name: "https://status.example.com", fetchedAtMs: (FROM + 55) * 60_000, body: new Uint8Array([1, 2, 3]) }],
};

const { archive, root } = claimPack(EVIDENCE);
const text = (name: string) =>
  new TextDecoder().decode(unzip(archive)?.find((file) => file.name === name)?.bytes ?? new Uint8Array());

test("a pack is whole, has its root, and is the same when it is made again", () => {
  expect(verifyPack(archive, root)).toEqual({
    ok: true,
    provider: "alpha",
    month: "2026-10",
    madeAt: "2026-11-02T00:00:00.000Z",
    files: 7,
    root,
  });
  expect(claimPack(EVIDENCE)).toEqual({ archive, root });
  expect(verifyPack(archive, "0".repeat(64))).toMatchObject({ ok: false, file: "manifest.jsonl" });
});

test("no byte can be changed unseen, wherever it is", () => {
  fc.assert(
    fc.property(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = archive.slice();
      other[at] = (other[at] ?? 0) ^ change;
      expect(verifyPack(other).ok).toBe(false);
    }),
    { numRuns: rounds(1_500) },
  );
});

test("no piece can be cut off or put on unseen", () => {
  for (const length of [0, 1, 21, 22, 100, archive.length - 1])
    expect(verifyPack(archive.slice(0, length)).ok).toBe(false);
  expect(verifyPack(new Uint8Array([...archive, 0])).ok).toBe(false);
  expect(verifyPack(new Uint8Array([0, ...archive])).ok).toBe(false);
  const files = unzip(archive) ?? [];
  expect(verifyPack(zip(files.slice(1)))).toMatchObject({ ok: false, file: "letter.md" });
  expect(
    verifyPack(zip([...files.slice(0, -1), { name: "more.txt", bytes: new Uint8Array() }, ...files.slice(-1)])),
  ).toMatchObject({
    ok: false,
    file: "more.txt",
  });
});

/** The archive with one letter of a file changed, and the table's rows before it. */
function tamper(name: string, part: string): Uint8Array {
  const bytes = new TextEncoder().encode(part);
  const other = archive.slice();
  const at = Buffer.from(other).indexOf(bytes, Buffer.from(other).indexOf(name));
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

test("the first bad record is named", () => {
  expect(verifyPack(tamper("minutes.csv", "2026-10-01T00:50Z,20,15"))).toMatchObject({
    file: "minutes.csv",
    record: 51,
  });
  expect(verifyPack(tamper("requests.csv", "req_42"))).toMatchObject({ file: "requests.csv", record: 43 });
  expect(verifyPack(tamper("downtime.csv", "from_utc"))).toMatchObject({ file: "downtime.csv", record: 1 });
  expect(verifyPack(tamper("letter.md", "SLA credit"))).toMatchObject({ file: "letter.md" });
  expect(verifyPack(tamper("manifest.jsonl", '"record":3'))).toMatchObject({ file: "manifest.jsonl", record: 3 });
});

test("a row that is taken away with its hash is missed by the next", () => {
  const files = (unzip(archive) ?? []).map((file) => {
    if (file.name !== "minutes.csv") return file;
    const rows = new TextDecoder().decode(file.bytes).split("\r\n");
    return { ...file, bytes: new TextEncoder().encode(rows.toSpliced(30, 1).join("\r\n")) };
  });
  expect(verifyPack(zip(files))).toMatchObject({ ok: false, file: "minutes.csv", record: 30 });
});

test("what a provider or a client wrote stays one cell of one row", () => {
  const rows = text("requests.csv").split("\r\n");
  expect(rows).toHaveLength(102);
  expect(rows[8]).toContain('"\'=cmd|""x"",  forged"');
  expect(rows[9]).toContain("req_8,,error500");
});

test("the letter says what is claimed, and what a person has to check", () => {
  const letter = text("letter.md");
  expect(letter).toContain("| 2026-10-01 00:50 | 2026-10-01 01:00 | 10 | 200 | 150 |");
  expect(letter).toContain("Measured by that rule: 96.25 %");
  expect(letter).toContain("To check before sending");
});

test("a manifest is read only as it was written", () => {
  const { text: lines, root: last } = manifestOf([{ a: 1 }, { b: "x" }]);
  expect(readManifest(lines)).toMatchObject({ ok: true, root: last });
  expect(readManifest(lines.replace('"b":"x"', '"b": "x"'))).toEqual({ ok: false, record: 1 });
  expect(readManifest(lines.slice(0, -1))).toEqual({ ok: false, record: 1 });
  for (const wrong of ["", "\n", "[]\n", "null\n", '{"record":0}\n']) expect(readManifest(wrong).ok).toBe(false);
  expect(hashOf("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("an archive is what the format says", () => {
  // By hand from APPNOTE 6.3.10; the check value of this CRC-32 is cbf43926, of "123456789".
  const made = Buffer.from(zip([{ name: "a", bytes: new TextEncoder().encode("123456789") }])).toString("hex");
  expect(made).toBe(
    "504b0304140000080000000021002639f4cb09000000090000000100000061313233343536373839" +
      "504b0102140014000008000000002100" +
      "2639f4cb0900000009000000010000000000000000000000000000000000" +
      "61504b0506000000000100010 02f000000280000000000".replace(" ", ""),
  );
});

for (const [name, minutes, availability, downtime] of [
  ["nothing", [], undefined, []],
  ["all is well", [minute(0, 10), minute(1, 10)], 1, []],
  ["four minutes are no period", [0, 1, 2, 3].map((at) => minute(at, 10, 10)), 0, []],
  ["five are", [0, 1, 2, 3, 4].map((at) => minute(at, 10, 10)), 0, [[0, 5]]],
  ["5 % is not more than 5 %", [0, 1, 2, 3, 4].map((at) => minute(at, 20, 1)), 0.95, []],
  ["a minute without requests ends it", [0, 1, 2, 4, 5, 6].map((at) => minute(at, 10, 5)), 0.5, []],
] as const) {
  test(`measured: ${name}`, () => {
    const found = measured(minutes, MONTH);
    expect(found.availability).toBe(availability as number);
    expect(found.downtime.map(({ fromMinute, toMinute }) => [fromMinute - FROM, toMinute - FROM])).toEqual(
      downtime.map(([from, to]) => [from, to]),
    );
    expect(found.minutesWithoutEvidence).toBe(31 * 1_440 - minutes.length);
    expect([found.promised, found.credit]).toEqual([undefined, undefined]);
  });
}
