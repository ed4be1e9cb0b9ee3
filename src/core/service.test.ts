// The order in which policies and looks see a call and its reply.

import { expect, test } from "bun:test";
import type { Call } from "./call.ts";
import { fault } from "./fault.ts";
import type { Reply } from "./reply.ts";
import { type Look, type Policy, pipeline, type Scope } from "./service.ts";

const CALL = {} as Call;
const SCOPE = {} as Scope;

function refusal(message: string): Reply {
  return { ok: false, fault: fault("overloaded", message), trail: [] };
}

function messageOf(reply: Reply): string {
  return reply.ok ? "" : reply.fault.message;
}

/** Steps by name: `p` a policy, `l` a look, `k` a look that knows a reply, `s` a look that takes its time. */
function ask(names: string): Promise<string[]> {
  const seen: string[] = [];
  const mark = (name: string, reply: Reply): Reply => {
    seen.push(`${name}(${messageOf(reply)})`);
    return refusal(messageOf(reply) + name);
  };
  const steps = [...names].map((kind, place): Policy | Look | undefined => {
    const name = `${kind}${place}`;
    if (kind === "-") return undefined;
    if (kind === "p") return (next) => (call, scope) => next(call, scope).then((reply) => mark(name, reply));
    return {
      ...(kind === "k" && { before: () => refusal("known") }),
      after: (reply) => (kind === "s" ? Promise.resolve(mark(name, reply)) : mark(name, reply)),
    };
  });
  const service = pipeline(steps, () => {
    seen.push("asked");
    return Promise.resolve(refusal(""));
  });
  return service(CALL, SCOPE).then((reply) => [...seen, messageOf(reply)]);
}

test.each([
  ["", ["asked", ""]],
  ["ll", ["asked", "l1()", "l0(l1)", "l1l0"]],
  ["l-l", ["asked", "l2()", "l0(l2)", "l2l0"]],
  ["plpl", ["asked", "l3()", "p2(l3)", "l1(l3p2)", "p0(l3p2l1)", "l3p2l1p0"]],
  ["lsl", ["asked", "l2()", "s1(l2)", "l0(l2s1)", "l2s1l0"]],
  ["ss", ["asked", "s1()", "s0(s1)", "s1s0"]],
  // What is known is seen by those outside of whoever knows it, and nobody is asked.
  ["lkl", ["l0(known)", "knownl0"]],
  ["kl", ["known"]],
  ["plk", ["l1(known)", "p0(knownl1)", "knownl1p0"]],
  ["skl", ["s0(known)", "knowns0"]],
])("%s", async (names, expected) => {
  expect(await ask(names)).toEqual(expected);
});
