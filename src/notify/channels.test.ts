// What each receiver gets, to the letter where the receiver asks for it; and that nothing a provider says can mention,
// link, forge a header or leave its place.

import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Notice } from "../core/notice.ts";
import { discordBody, slackBody, teamsBody } from "./chats.ts";
import { mailOf } from "./mails.ts";
import type { Entry } from "./outbox.ts";
import { pagerDutyBody, signed, webhookBody } from "./programs.ts";

const NASTY = "<!channel> @everyone [x](http://evil.test) *b* <script>\r\nBcc: all@evil.test";

function entry(more: Partial<Notice> = {}, count = 1): Entry {
  const notice: Notice = {
    id: "inc_20261127-1408.3",
    type: "incident.opened",
    atMs: Date.UTC(2026, 10, 27, 14, 8),
    severity: "critical",
    routes: ["chat"],
    tenants: [],
    thread: "inc_20261127-1408",
    threadTitle: "alpha, since 14:08",
    ends: false,
    title: "alpha fails",
    facts: [
      ["What fails", "alpha/m"],
      ["Run", "holdfast incidents show inc_20261127-1408"],
    ],
    url: "http://127.0.0.1:4000/status#inc_20261127-1408",
    data: { incident: { id: "inc_20261127-1408" } },
    ...more,
  };
  return { id: notice.id, notices: [notice], count, bornMs: 0, attempts: 1, nextMs: 0 };
}

test("Slack: text for notifications, a section, a link", () => {
  expect(slackBody(entry())).toEqual({
    text: "Opened: alpha fails",
    unfurl_links: false,
    blocks: [
      {
        type: "section",
        text: {
          type: "mrkdwn",
          text: "*Opened: alpha fails*\n*What fails* alpha/m\n*Run* holdfast incidents show inc_20261127-1408",
        },
      },
      {
        type: "context",
        elements: [{ type: "mrkdwn", text: "<http://127.0.0.1:4000/status#inc_20261127-1408|status page>" }],
      },
    ],
  });
});

test("Teams: an adaptive card of a workflow", () => {
  expect(teamsBody(entry({ ends: true }))).toMatchObject({
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          type: "AdaptiveCard",
          version: "1.4",
          body: [
            { type: "TextBlock", color: "Good", wrap: true },
            { type: "FactSet", facts: [{ title: "What fails" }, { title: "Run" }] },
          ],
          actions: [{ type: "Action.OpenUrl" }],
        },
      },
    ],
  });
});

test("Discord: an embed that mentions nobody", () => {
  expect(discordBody(entry())).toMatchObject({
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: "Opened: alpha fails",
        color: 0xc62f2f,
        timestamp: "2026-11-27T14:08:00.000Z",
        fields: [{ name: "What fails" }, {}],
      },
    ],
  });
});

test("PagerDuty: one alert a thread, triggered and resolved", () => {
  expect(pagerDutyBody(entry(), "KEY")).toMatchObject({
    routing_key: "KEY",
    event_action: "trigger",
    dedup_key: "inc_20261127-1408",
    payload: { summary: "Opened: alpha fails", source: "holdfast", severity: "critical" },
    links: [{ text: "Status page" }],
  });
  expect(pagerDutyBody(entry({ ends: true }), "KEY")).toEqual({
    routing_key: "KEY",
    event_action: "resolve",
    dedup_key: "inc_20261127-1408",
  });
});

test("webhook: type, timestamp and data, signed as the specification says", () => {
  const body = JSON.stringify(webhookBody(entry()));
  expect(JSON.parse(body)).toEqual({
    type: "incident.opened",
    timestamp: "2026-11-27T14:08:00.000Z",
    data: { incident: { id: "inc_20261127-1408" } },
  });
  // The vector of the specification's own libraries.
  const vector = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    timestampS: 1_614_265_330,
  });
  expect(vector["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const secret = `whsec_${btoa("x".repeat(32))}`;
  const made = signed("id", body, { secret, timestampS: 5 });
  const own = createHmac("sha256", "x".repeat(32)).update(`id.5.${body}`).digest("base64");
  expect(made["webhook-signature"]).toBe(`v1,${own}`);
});

test("mail: one thread an incident, the same subject, an id that stays", () => {
  const target = { type: "email", to: ["ops@example.com"], from: "Holdfast <bot@example.com>", smtp: "" } as const;
  const [first, later] = [
    mailOf(entry(), target),
    mailOf(entry({ id: "inc_20261127-1408.4", type: "incident.updated" }), target),
  ];
  expect(first.messageId).toBe("<inc_20261127-1408.3@example.com>");
  expect([first.replyTo, later.replyTo, later.subject]).toEqual([
    "<inc_20261127-1408@example.com>",
    "<inc_20261127-1408@example.com>",
    first.subject,
  ]);
  expect(first.headers["List-Unsubscribe"]).toBe("<mailto:bot@example.com?subject=unsubscribe>");
  expect(first.text).toContain("Run: holdfast incidents show inc_20261127-1408");
});

test("whatever a provider says stays text", () => {
  const nasty = entry({ title: NASTY, threadTitle: NASTY, facts: [["What fails", NASTY]], url: "javascript:alert(1)" });
  expect(JSON.stringify(slackBody(nasty))).not.toMatch(/<!channel>|<script>|javascript:/);
  expect(JSON.stringify(teamsBody(nasty))).not.toMatch(/\[x\]\(|javascript:/);
  expect(JSON.stringify(discordBody(nasty))).not.toMatch(/[^\\]\[x\]\(|javascript:/);
  expect(JSON.stringify(pagerDutyBody(nasty, "K"))).not.toContain("javascript:");
  const mail = mailOf(nasty, { type: "email", to: ["a@b.c"], from: "x@y.z", smtp: "" });
  expect(mail.subject).not.toMatch(/[\r\n]/);
});

test("long texts are cut to what a receiver takes", () => {
  const long = entry({ title: "t".repeat(5_000), facts: [["What fails", "f".repeat(9_000)]] });
  const slack = slackBody(long) as { blocks: { text: { text: string } }[] };
  expect(slack.blocks[0]?.text.text.length).toBeLessThanOrEqual(3_000);
  const discord = discordBody(long) as { embeds: { title: string; fields: { value: string }[] }[] };
  expect(discord.embeds[0]?.title.length).toBeLessThanOrEqual(256);
  expect(discord.embeds[0]?.fields[0]?.value.length).toBeLessThanOrEqual(1_024);
  const pager = pagerDutyBody(long, "K") as { payload: { summary: string } };
  expect(pager.payload.summary.length).toBeLessThanOrEqual(1_024);
});

test("a webhook's digest stays small, and holds the newest", () => {
  const notices = Array.from({ length: 50 }, (_, number) => ({
    ...(entry({ data: { incident: { id: `inc_${number}`, text: "x".repeat(900) } } }).notices[0] as Notice),
  }));
  const body = JSON.stringify(webhookBody({ ...entry(), notices, count: 400 }));
  expect(body.length).toBeLessThan(20_000);
  const { data } = JSON.parse(body) as {
    data: { digest: { count: number; newest: { data: { incident: { id: string } } }[] } };
  };
  expect([data.digest.count, data.digest.newest.at(-1)?.data.incident.id]).toEqual([400, "inc_49"]);
});
