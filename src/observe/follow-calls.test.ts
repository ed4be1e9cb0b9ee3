import { expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { createCallFollower } from "./follow-calls.ts";

const started = (call: string): GatewayEvent => ({
  type: "call-start",
  atMs: 0,
  call,
  route: "r",
  operation: "generate",
  dialect: "openai-chat",
  model: "m",
  stream: false,
  tenant: "default",
});
const ended = (call: string): GatewayEvent => ({
  type: "call-end",
  atMs: 1,
  call,
  ending: "complete",
  attempts: 1,
  tookMs: 1,
});

test("who runs stays known, oldest first, however many end meanwhile", () => {
  const heard: string[] = [];
  const follower = createCallFollower(() => 0, [{ "call-end": (_, call) => heard.push(call.start.call) }]);
  for (const call of ["long 1", "long 2"]) follower.read(started(call));
  const renewed = new Set([follower.running]);
  for (let number = 0; number < 1_000; number++) {
    follower.read(started(`c${number}`));
    if (number >= 10) follower.read(ended(`c${number - 10}`));
    renewed.add(follower.running);
    expect(follower.running.size).toBe(2 + Math.min(number + 1, 10));
  }
  expect([...follower.running.keys()].slice(0, 3)).toEqual(["long 1", "long 2", "c990"]);
  follower.read(ended("long 1"));
  expect(heard).toEqual([...Array.from({ length: 990 }, (_, number) => `c${number}`), "long 1"]);
  // Not for each one that ends: that would cost as much as all that is done for it.
  expect(renewed.size).toBeGreaterThan(5);
  expect(renewed.size).toBeLessThan(20);
});
