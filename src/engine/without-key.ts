// Providers repeat what they were sent. What a fault tells travels far (logs, traces, the client's error), so our own key
// is taken out of it where it enters. Not for answers: those are the provider's words to the client.

import type { Fault, UpstreamError } from "../core/fault.ts";

const HIDDEN = "[key]";
/** What is shorter is a stand-in, for servers that want any key at all, and part of many a word. */
const KEY_CHARS_LEAST = 8;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The same fault where it does not hold the key. */
export function withoutKey(fault: Fault, key: string | undefined): Fault {
  if (key === undefined || key.length < KEY_CHARS_LEAST) return fault;
  const isTold = fault.message.includes(key);
  const upstream = fault.upstream && bodyWithout(fault.upstream, key);
  if (!isTold && upstream === fault.upstream) return fault;
  return {
    ...fault,
    message: fault.message.replaceAll(key, HIDDEN),
    ...(upstream !== undefined && { upstream }),
  };
}

function bodyWithout(upstream: UpstreamError, key: string): UpstreamError {
  const text = decoder.decode(upstream.body);
  return text.includes(key) ? { ...upstream, body: encoder.encode(text.replaceAll(key, HIDDEN)) } : upstream;
}
