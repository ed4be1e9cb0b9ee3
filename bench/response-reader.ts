// Follows one HTTP/1.1 response on a raw socket: its status, its end, and how many marks its body holds. It is far cheaper
// than `fetch`, so that the load leaves the machine to what is measured. It is not an HTTP client: it knows only what the
// servers of this bench send.

import { MARK } from "./payload.ts";

export type Progress = "more" | "done" | "malformed";

export interface ResponseReader {
  /** Takes the next bytes of the socket. */
  feed(data: Buffer): Progress;
  readonly status: number;
  readonly marks: number;
  /** The last bytes of the body, chunk framing included. */
  readonly tail: string;
}

const HEAD_LIMIT_BYTES = 32 * 1024;
const TAIL_BYTES = 512;
const MARK_BYTE = MARK.charCodeAt(0);
const LAST_CHUNK = "\r\n0\r\n\r\n";

function countMarks(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(MARK_BYTE); at >= 0; at = data.indexOf(MARK_BYTE, at + 1)) count += 1;
  return count;
}

/** A reader for one response. */
export function responseReader(): ResponseReader {
  let head: string | undefined = "";
  let tail = "";
  let status = 0;
  let marks = 0;
  let received = 0;
  let length = -1;

  function body(part: Buffer): Progress {
    marks += countMarks(part);
    received += part.length;
    tail = (tail + part.toString("latin1", Math.max(0, part.length - TAIL_BYTES))).slice(-TAIL_BYTES);
    if (length < 0) return tail.endsWith(LAST_CHUNK) ? "done" : "more";
    if (received > length) return "malformed";
    return received === length ? "done" : "more";
  }

  function start(data: Buffer, before: string): Progress {
    const text = before + data.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      head = text;
      return text.length > HEAD_LIMIT_BYTES ? "malformed" : "more";
    }
    head = undefined;
    status = Number(text.slice(9, 12));
    const fields = text.slice(0, end).toLowerCase();
    const declared = /\r\ncontent-length: *(\d+)/.exec(fields)?.[1];
    if (declared !== undefined) length = Number(declared);
    else if (!fields.includes("\r\ntransfer-encoding: chunked")) return "malformed";
    return body(data.subarray(end + 4 - before.length));
  }

  return {
    feed: (data) => (head === undefined ? body(data) : start(data, head)),
    get status() {
      return status;
    },
    get marks() {
      return marks;
    },
    get tail() {
      return tail;
    },
  };
}
