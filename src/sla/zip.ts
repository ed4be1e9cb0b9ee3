// ZIP archives without compression (APPNOTE 6.3.10 §4.3): enough for a pack of evidence, and the same files always give the
// same bytes, so that an archive can be checked by making it again.

export interface ZipFile {
  /** Plain letters, with `/` between folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1 January 1980, the first day there is: a time would make each archive another. */
const DATE = 0x0021;
const BYTES_MAX = 2 ** 31 - 1;
const FILES_MAX = 10_000;

/** Throws beyond 2 GB or 10 000 files. */
export function zip(files: readonly ZipFile[]): Uint8Array {
  const entries = files.map(({ name, bytes }) => ({ name: new TextEncoder().encode(name), bytes, crc: crc32(bytes) }));
  const size = entries.reduce(
    (sum, { name, bytes }) => sum + LOCAL_BYTES + CENTRAL_BYTES + 2 * name.length + bytes.length,
    END_BYTES,
  );
  if (size > BYTES_MAX || files.length > FILES_MAX) throw new Error("the archive is too large");
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  const offsets = entries.map(({ name, bytes, crc }) => {
    const start = at;
    view.setUint32(at, LOCAL, true);
    about(view, at + 4, { crc, size: bytes.length, nameSize: name.length });
    out.set(name, at + LOCAL_BYTES);
    out.set(bytes, at + LOCAL_BYTES + name.length);
    at += LOCAL_BYTES + name.length + bytes.length;
    return start;
  });
  const directory = at;
  entries.forEach(({ name, bytes, crc }, index) => {
    view.setUint32(at, CENTRAL, true);
    view.setUint16(at + 4, VERSION, true);
    about(view, at + 6, { crc, size: bytes.length, nameSize: name.length });
    view.setUint32(at + 42, offsets[index] ?? 0, true);
    out.set(name, at + CENTRAL_BYTES);
    at += CENTRAL_BYTES + name.length;
  });
  view.setUint32(at, END, true);
  view.setUint16(at + 8, entries.length, true);
  view.setUint16(at + 10, entries.length, true);
  view.setUint32(at + 12, at - directory, true);
  view.setUint32(at + 16, directory, true);
  return out;
}

interface About {
  readonly crc: number;
  readonly size: number;
  readonly nameSize: number;
}

/** What both headers of a file have in common, from the version that is needed on. */
function about(view: DataView, at: number, { crc, size, nameSize }: About): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, FLAGS, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameSize, true);
}

/** The files of an archive that `zip` made, their contents unchecked; `undefined` for anything else. */
export function unzip(archive: Uint8Array): readonly ZipFile[] | undefined {
  if (archive.length < END_BYTES) return undefined;
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - END_BYTES;
  if (view.getUint32(end, true) !== END) return undefined;
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const files: ZipFile[] = [];
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL || view.getUint16(at + 10, true) !== 0)
      return undefined;
    const size = view.getUint32(at + 24, true);
    const nameSize = view.getUint16(at + 28, true);
    const start = view.getUint32(at + 42, true) + LOCAL_BYTES + nameSize;
    if (start + size > end || at + CENTRAL_BYTES + nameSize > end) return undefined;
    const name = new TextDecoder().decode(archive.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameSize));
    files.push({ name, bytes: archive.subarray(start, start + size) });
    at += CENTRAL_BYTES + nameSize;
  }
  return files;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
