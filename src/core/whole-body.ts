// The whole body of a request or a response as bytes, the shortest way the platform has. Nothing of limits: whoever asks knows
// how long it is.

type Whole = Pick<Response, "arrayBuffer"> & { bytes?(): Promise<Uint8Array> };

/** Rejects when the body breaks off. Node before 22 has no `bytes` (Fetch standard, "Body"). */
export function wholeBody(message: Whole): Promise<Uint8Array> {
  return message.bytes === undefined ? message.arrayBuffer().then(asBytes) : message.bytes();
}

function asBytes(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}
