import { expect, test } from "bun:test";
import { CancelSource } from "./cancel.ts";
import { fault } from "./fault.ts";

const first = fault("cancelled", "first");
const second = fault("superseded", "second");

test("tells every listener once, synchronously, in order; the first reason wins", () => {
  const source = new CancelSource();
  const heard: string[] = [];
  source.onCancel(({ message }) => heard.push(`a ${message}`));
  source.onCancel(({ message }) => heard.push(`b ${message}`));
  expect(source.fault).toBeUndefined();
  source.cancel(first);
  source.cancel(second);
  expect(heard).toEqual(["a first", "b first"]);
  expect(source.fault).toBe(first);
});

test("a listener that comes late hears at once, and taking it off again does nothing", () => {
  const source = new CancelSource();
  source.cancel(first);
  const heard: unknown[] = [];
  const off = source.onCancel((reason) => heard.push(reason));
  off();
  expect(heard).toEqual([first]);
});

test("who was taken off hears nothing; twice is as good as once", () => {
  const source = new CancelSource();
  let heard = 0;
  const off = source.onCancel(() => heard++);
  off();
  off();
  source.cancel(first);
  off();
  expect(heard).toBe(0);
});

test("a listener may add, remove and cancel while it is told", () => {
  const source = new CancelSource();
  const heard: string[] = [];
  source.onCancel(() => {
    source.cancel(second);
    source.onCancel(({ message }) => heard.push(`late ${message}`));
    off();
  });
  const off = source.onCancel(() => heard.push("removed"));
  source.cancel(first);
  expect(heard).toEqual(["late first"]);
});
