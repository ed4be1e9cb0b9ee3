import { describe, expect, test } from "bun:test";
import { believe, call, fail, MIN, only, open, pass, S, T0 } from "../../test/support/incident-book.ts";
import type { FaultKind } from "../core/fault.ts";
import { type Book, takeChanges } from "./book.ts";
import { type EndedCall, fateOf, noteCall } from "./calls.ts";
import { statedCause } from "./cause.ts";
import { noteAttemptEnd, noteProbe } from "./follow.ts";
import { noticeOf } from "./notices.ts";
import { wordsOf } from "./page-word.ts";
import { detectionLeadMs, notePage } from "./pages.ts";
import { amend, readAmendment, readMaintenance } from "./people.ts";
import { passTime, setRoutes, wake } from "./recover.ts";
import { timelineOf } from "./timeline.ts";

function note(book: Book, ended: EndedCall): void {
  noteCall(book, ended, fateOf(ended), T0);
}

describe("one incident from beginning to end", () => {
  test("opens with the ejection, dated from the first failure; ends after ten clean minutes", () => {
    const book = open();
    fail(book, 8, T0);
    believe(book, "ejected", T0 + 3 * S);
    const incident = only(book);
    expect([incident.state, incident.startedMs, incident.routes]).toEqual(["investigating", T0, ["chat"]]);
    expect(incident.updates[0]?.text).toContain("alpha/m: the provider says it is overloaded");
    noteProbe(book, { target: "alpha/m", ok: false, fault: "overloaded" }, T0 + 8 * S);
    expect([incident.state, incident.cause.class]).toEqual(["identified", "demand"]);
    believe(book, "probation", T0 + 60 * S);
    expect(incident.state).toBe("identified");
    believe(book, "ramp", T0 + 70 * S);
    expect(incident.state).toBe("monitoring");
    pass(book, T0 + 70 * S, T0 + 30 * MIN);
    expect(incident.state).toBe("monitoring");
    believe(book, "healthy", T0 + 30 * MIN);
    pass(book, T0 + 30 * MIN, T0 + 40 * MIN - S);
    expect(incident.state).toBe("monitoring");
    pass(book, T0 + 40 * MIN, T0 + 40 * MIN);
    expect([incident.state, incident.resolvedMs]).toEqual(["resolved", T0 + 40 * MIN]);
    expect(takeChanges(book).map(({ kind }) => kind)).toEqual(["opened", "updated", "updated", "resolved"]);
  });

  test("what failed is known though the failures came one by one, and is told before calls are counted", () => {
    const book = open();
    for (let time = 0; time < 4; time++) {
      fail(book, 1, T0 + time * 12 * S);
      pass(book, T0 + time * 12 * S, T0 + (time + 1) * 12 * S - S);
    }
    believe(book, "ejected", T0 + 48 * S);
    expect(only(book).updates[0]?.text).toContain("alpha/m: the provider says it is overloaded");
    const [change] = takeChanges(book);
    const facts = change && noticeOf(change, "http://h/status")?.facts;
    expect(facts).toContainEqual(["Clients see", "4 attempts have failed so far"]);
  });

  test("failures while it is watched begin the ten minutes anew", () => {
    const book = open();
    believe(book, "ejected", T0);
    believe(book, "ramp", T0 + MIN);
    believe(book, "healthy", T0 + 2 * MIN);
    fail(book, 4, T0 + 8 * MIN);
    pass(book, T0 + 2 * MIN, T0 + 17 * MIN);
    expect(only(book).state).toBe("monitoring");
    pass(book, T0 + 17 * MIN, T0 + 19 * MIN);
    expect(only(book).state).toBe("resolved");
  });

  test("all of a provider's models are one incident, and it is watched when the last of them comes back", () => {
    const book = open();
    believe(book, "ejected", T0);
    believe(book, "ejected", T0 + 5 * S, "alpha/n");
    const incident = only(book);
    expect(incident.state).toBe("identified");
    believe(book, "ramp", T0 + MIN);
    expect(incident.state).toBe("identified");
    believe(book, "ramp", T0 + 2 * MIN, "alpha/n");
    expect(incident.state).toBe("monitoring");
  });

  test("a relapse while it is watched, and evidence within a day, are the same incident", () => {
    const book = open();
    believe(book, "ejected", T0);
    believe(book, "ramp", T0 + MIN);
    believe(book, "ejected", T0 + 2 * MIN);
    const incident = only(book);
    expect(incident.state).toBe("identified");
    believe(book, "ramp", T0 + 3 * MIN);
    believe(book, "healthy", T0 + 4 * MIN);
    pass(book, T0 + 4 * MIN, T0 + 15 * MIN);
    expect(incident.state).toBe("resolved");
    believe(book, "ejected", T0 + 23 * 60 * MIN);
    expect([only(book).state, incident.reopened, incident.resolvedMs]).toEqual(["investigating", 1, undefined]);
  });

  test("after a day it is another one; another provider is another one", () => {
    const book = open();
    believe(book, "ejected", T0);
    believe(book, "ramp", T0 + MIN);
    believe(book, "healthy", T0 + 2 * MIN);
    pass(book, T0 + 2 * MIN, T0 + 13 * MIN);
    believe(book, "ejected", T0 + 25 * 60 * MIN);
    believe(book, "ejected", T0 + 25 * 60 * MIN, "beta/m");
    expect([...book.incidents.keys()]).toEqual(["inc_20260623-1408", "inc_20260624-1508", "inc_20260624-1508-2"]);
  });

  test("flapping: one incident, a bounded timeline, and only the first relapses are told", () => {
    const book = open();
    believe(book, "ejected", T0);
    for (let round = 0; round < 500; round++) {
      believe(book, "ramp", T0 + round * 10 * S + 5 * S);
      believe(book, "ejected", T0 + round * 10 * S + 10 * S);
    }
    const incident = only(book);
    expect(incident.updates.length).toBeLessThanOrEqual(200);
    expect(incident.updates[0]?.id).toBe(`${incident.id}.1`);
    expect(takeChanges(book).filter(({ update }) => update.quiet !== true).length).toBeLessThan(30);
  });

  test("mere suspicion opens nothing", () => {
    const book = open();
    believe(book, "suspect", T0);
    believe(book, "healthy", T0 + S);
    expect(book.incidents.size).toBe(0);
  });

  test("what nobody hears of for a day is closed, and says that it was not seen well", () => {
    const book = open();
    believe(book, "ejected", T0);
    passTime(book, T0 + 24 * 60 * MIN);
    expect(only(book).updates.at(-1)?.text).toContain("closed without having seen it well");
  });

  test("hundreds of incidents are bounded", () => {
    const book = open();
    for (let number = 0; number < 700; number++) {
      believe(book, "ejected", T0 + number, `p${number}/m`);
      amend(book, [...book.incidents.values()].at(-1) ?? only(book), { state: "resolved" }, T0 + number);
    }
    expect(book.incidents.size).toBeLessThanOrEqual(501);
  });
});

test("after a restart an open incident goes on: enough successes, then ten clean minutes", () => {
  const book = open();
  believe(book, "ejected", T0);
  const incident = only(book);
  wake(incident, T0 + MIN);
  passTime(book, T0 + MIN);
  expect([incident.state, incident.targets["alpha/m"]]).toEqual(["investigating", "unseen"]);
  for (let count = 0; count < 10; count++) noteAttemptEnd(book, "alpha/m", undefined, T0 + MIN);
  passTime(book, T0 + MIN + S);
  expect(incident.state).toBe("monitoring");
  passTime(book, T0 + 11 * MIN + S);
  expect(incident.state).toBe("resolved");
});

test("the account is an edge of its own: it opens on refusals in a row and ends by a success and ten minutes", () => {
  const book = open();
  fail(book, 2, T0, "quota-exhausted");
  expect(book.incidents.size).toBe(0);
  fail(book, 1, T0 + 10 * S, "quota-exhausted");
  const incident = only(book);
  expect([incident.edge, incident.state, incident.cause.class]).toEqual(["account", "identified", "quota"]);
  noteAttemptEnd(book, "alpha/m", undefined, T0 + MIN);
  expect(incident.state).toBe("monitoring");
  pass(book, T0 + MIN, T0 + 11 * MIN);
  expect(incident.state).toBe("resolved");
});

test.each<[FaultKind, string]>([
  ["overloaded", "demand"],
  ["connect-timeout", "infrastructure"],
  ["first-token-timeout", "infrastructure"],
  ["malformed-reply", "deployment or configuration"],
  ["server-error", "unknown"],
])("%s suggests: %s", (fault, cause) => {
  const book = open();
  fail(book, 5, T0, fault);
  believe(book, "ejected", T0 + S);
  expect(only(book).cause.class).toBe(cause as never);
});

test("several providers out of reach at once: it may well be us", () => {
  const book = open();
  for (const provider of ["alpha", "beta"]) {
    fail(book, 5, T0, "connect-failed", `${provider}/m`);
    believe(book, "ejected", T0 + S, `${provider}/m`);
  }
  expect([...book.incidents.values()].map(({ cause }) => cause.class)).toEqual(["infrastructure", "ours"]);
});

test("impact counts the calls that met it: rescued, an honest word, an error; nothing else", () => {
  const book = open();
  believe(book, "ejected", T0);
  note(book, call("beta/m", [["alpha/m", "overloaded"], ["beta/m"]]));
  note(book, call("beta/m", [["beta/m"]]));
  note(book, call("canned", [["beta/m", "overloaded"]], { servedBy: "canned" }));
  note(book, call("", [["alpha/m", "server-error"]], { ending: "refused", target: undefined, fault: "server-error" }));
  note(book, call("alpha/m", [["alpha/m"]]));
  note(book, call("", [], { ending: "refused", target: undefined, fault: "invalid-request" }));
  note(book, call("beta/m", [["alpha/m", "overloaded"]], { ending: "cancelled" }));
  const { counts, tenants } = only(book);
  expect(counts).toEqual({ calls: 4, rescued: 2, honest: 1, failed: 1 });
  expect(tenants).toEqual(["web"]);
  passTime(book, T0 + S);
  expect(only(book).severity).toBe("major");
});

describe("pages", () => {
  const page = (more = {}) => ({
    id: "jbhf20wjmzrf",
    title: "Elevated error rate across multiple models",
    lifecycle: "investigating",
    publishedMs: T0 + 11 * MIN,
    text: "We are investigating.",
    ...more,
  });

  test("a page confirms, states a cause, and shows the lead; it never opens an incident alone", () => {
    const book = open();
    notePage(book, { domain: "alpha", read: true, incidents: [page()] }, T0);
    expect(book.incidents.size).toBe(0);
    believe(book, "ejected", T0 + MIN);
    const incident = only(book);
    notePage(book, { domain: "alpha", read: true, incidents: [page()] }, T0 + 12 * MIN);
    expect([incident.state, detectionLeadMs(incident)]).toEqual(["identified", 10 * MIN]);
    const text = "This was caused by a configuration change. We are monitoring.";
    notePage(
      book,
      { domain: "alpha", read: true, incidents: [page({ lifecycle: "monitoring", text })] },
      T0 + 40 * MIN,
    );
    expect(incident.page).toMatchObject({ lifecycle: "monitoring", cause: { class: "deployment or configuration" } });
  });

  test("with calls that already look bad, a page opens it sooner", () => {
    const book = open();
    believe(book, "suspect", T0 + 12 * MIN);
    notePage(book, { domain: "alpha", read: true, incidents: [page()] }, T0 + 12 * MIN);
    expect(only(book).updates[0]?.text).toContain("Elevated error rate");
  });

  test("a page that told of it before is attached when it opens; of a console it says nothing", () => {
    const book = open();
    const told = { impact: "degraded", models: [], regions: [], components: [], open: true } as const;
    const base = { id: "a", title: "Errors", lifecycle: "investigating", startedMs: T0 - 5 * MIN, ...told } as const;
    const incidents = [
      { ...base, surfaces: ["api"] as const },
      { ...base, id: "b", startedMs: T0, surfaces: ["console"] as const },
    ];
    notePage(book, wordsOf({ provider: "alpha", state: "ok", incidents }, T0), T0);
    believe(book, "ejected", T0 + MIN);
    passTime(book, T0 + MIN + S);
    const incident = only(book);
    expect([incident.page?.id, detectionLeadMs(incident), incident.state]).toEqual(["a", -6 * MIN, "identified"]);
  });

  test("a page that was read and is silent is told so; one that was not read is no silence", () => {
    const said = (read: boolean | undefined) => {
      const book = open();
      if (read !== undefined) notePage(book, { domain: "alpha", read, incidents: [] }, T0);
      believe(book, "ejected", T0 + MIN);
      const [change] = takeChanges(book);
      const told = change && noticeOf(change, "http://h/status")?.facts.find(([what]) => what === "Its page")?.[1];
      return [told, timelineOf(only(book)).includes("The provider's page was not read.")];
    };
    expect(said(true)).toEqual(["The provider's page says nothing of it", false]);
    for (const read of [false, undefined]) expect(said(read)).toEqual([undefined, true]);
  });

  test("what its page says goes with what people are told, with its address", () => {
    const book = open();
    believe(book, "ejected", T0 + MIN);
    const url = "https://stspg.io/kx1ygc7qfvx1";
    notePage(book, { domain: "alpha", read: true, incidents: [page({ url })] }, T0 + 12 * MIN);
    const change = takeChanges(book).at(-1);
    const facts = change && noticeOf(change, "http://h/status")?.facts;
    const text = `"Elevated error rate across multiple models" (investigating), since 2026-06-23 14:19 UTC ${url}`;
    expect(facts).toContainEqual(["Its page", text]);
  });

  test("one that is open since yesterday may be the same trouble", () => {
    const book = open();
    believe(book, "ejected", T0);
    notePage(book, { domain: "alpha", read: true, incidents: [page({ publishedMs: T0 - 1_440 * MIN })] }, T0 + MIN);
    expect(only(book).page?.id).toBe("jbhf20wjmzrf");
  });

  test("another day's incident is not ours", () => {
    const book = open();
    believe(book, "ejected", T0);
    notePage(
      book,
      { domain: "alpha", read: true, incidents: [page({ publishedMs: T0 - 600 * MIN, resolvedMs: T0 - 500 * MIN })] },
      T0,
    );
    expect(only(book).page).toBeUndefined();
  });

  test.each([
    ["We identified a database replica that was overloaded.", "database"],
    ["The issue was caused by a bad deployment.", "deployment or configuration"],
    ["Errors are due to capacity constraints.", "demand"],
    ["The root cause was a network failure at our cloud provider.", "infrastructure"],
    ["Caused by a DDoS attack.", "security"],
    ["We are investigating elevated errors.", undefined],
  ])("%s → %p", (text, cause) => {
    expect(statedCause(text)?.class).toBe(cause as never);
  });
});

describe("people", () => {
  test("corrections win over what is derived, and stay", () => {
    const book = open();
    believe(book, "ejected", T0);
    const incident = only(book);
    amend(book, incident, { cause: "ours", severity: "none", title: "Our firewall", note: "a rule of ours" }, T0 + S);
    noteProbe(book, { target: "alpha/m", ok: false, fault: "overloaded" }, T0 + 2 * S);
    expect([incident.cause.class, incident.severity]).toEqual(["ours", "none"]);
    amend(book, incident, { postmortem: "# What happened" }, T0 + MIN);
    expect([incident.state, incident.resolvedMs]).toEqual(["postmortem", T0 + MIN]);
  });

  test.each<[unknown, RegExp]>([
    [[], /object/],
    [{}, /nothing is asked/],
    [{ state: "closed" }, /state: one of/],
    [{ notes: "x" }, /did you mean note/],
    [{ note: "" }, /note: a text/],
    [{ note: "x".repeat(5_000) }, /at most 4000/],
    [{ publish: "yes" }, /true or false/],
    [{ constructor: 1 }, /no such key/],
  ])("refuses an amendment: %#", (asked, wrong) => {
    expect(readAmendment(asked)).toEqual({ wrong: expect.stringMatching(wrong) });
  });

  test.each<[unknown, RegExp]>([
    [{ title: "x", from: "soon", until: "later" }, /from: a date/],
    [{ title: "x", from: "2026-06-24T00:00Z", until: "2026-06-23T00:00Z" }, /until: a date after/],
    [{ title: "x", from: "2026-06-24T00:00Z", until: "2026-06-24T01:00Z", routes: ["nope"] }, /no route/],
    [{ title: "x", from: "2020-06-24T00:00Z", until: "2020-06-24T01:00Z" }, /to come/],
  ])("refuses a maintenance: %#", (asked, wrong) => {
    expect(readMaintenance(asked, ["chat"], T0)).toEqual({ wrong: expect.stringMatching(wrong) });
  });
});

test("what left the configuration ends its incident", () => {
  const book = open();
  believe(book, "ejected", T0);
  setRoutes(book, [{ name: "chat", domains: ["beta"], targets: ["beta/m"] }], T0 + MIN);
  expect(only(book).updates.at(-1)?.text).toContain("no route uses alpha any more");
});
