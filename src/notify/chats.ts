// Messages for Slack, Microsoft Teams and Discord, as their incoming webhooks take them. Texts that came from anywhere are
// escaped, so that nobody is mentioned and nothing is linked by a provider's words.

import type { Severity } from "../core/incident.ts";
import type { Entry } from "./outbox.ts";
import { cut, webUrl, worded } from "./words.ts";

const COLOURS: Readonly<Record<Severity, number>> = {
  none: 0x5b6472,
  minor: 0xb98900,
  major: 0xcf6a11,
  critical: 0xc62f2f,
};
const WELL = 0x1a8a4c;
const SLACK_TEXT_MAX = 2_900;
const DISCORD = { title: 250, value: 1_000, fields: 20 };
const TEAMS_TEXT_MAX = 2_000;

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: `text` is for notifications. */
export function slackBody(entry: Entry): object {
  const { headline, facts, url } = worded(entry);
  const lines = facts.map(([what, text]) =>
    what === "" ? slackText(text) : `*${slackText(what)}* ${slackText(text)}`,
  );
  const link = webUrl(url);
  const body = cut([`*${slackText(headline)}*`, ...lines].join("\n"), SLACK_TEXT_MAX);
  return {
    text: cut(slackText(headline), SLACK_TEXT_MAX),
    unfurl_links: false,
    blocks: [
      { type: "section", text: { type: "mrkdwn", text: body } },
      ...(link === undefined
        ? []
        : [
            {
              type: "context",
              elements: [{ type: "mrkdwn", text: `<${link.replace(/[<>|]/g, encodeURIComponent)}|status page>` }],
            },
          ]),
    ],
  };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function slackText(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[*~`]|(?<!\w)_|_(?!\w)/g, "\u200b$&");
}

/** A card for a Workflow of Teams ("post to a channel when a webhook request is received"), version 1.4. */
export function teamsBody(entry: Entry): object {
  const { headline, facts, url, latest } = worded(entry);
  const link = webUrl(url);
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        contentUrl: null,
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          msteams: { width: "Full" },
          body: [
            {
              type: "TextBlock",
              size: "Medium",
              weight: "Bolder",
              wrap: true,
              color: latest.ends ? "Good" : latest.severity === "minor" ? "Warning" : "Attention",
              text: cut(plainMark(headline), TEAMS_TEXT_MAX),
            },
            {
              type: "FactSet",
              facts: facts.map(([title, value]) => ({ title, value: cut(plainMark(value), TEAMS_TEXT_MAX) })),
            },
          ],
          ...(link !== undefined && { actions: [{ type: "Action.OpenUrl", title: "Status page", url: link }] }),
        },
      },
    ],
  };
}

/** https://docs.discord.com/developers/resources/webhook#execute-webhook */
export function discordBody(entry: Entry): object {
  const { headline, facts, url, latest } = worded(entry);
  const link = webUrl(url);
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: cut(plainMark(headline), DISCORD.title),
        color: latest.ends ? WELL : COLOURS[latest.severity],
        timestamp: new Date(latest.atMs).toISOString(),
        fields: facts.slice(0, DISCORD.fields).map(([name, value]) => ({
          name: cut(name === "" ? "\u200b" : name, DISCORD.title),
          value: cut(plainMark(value), DISCORD.value) || "\u200b",
        })),
        ...(link !== undefined && { url: link }),
      },
    ],
  };
}

/** The signs of Markdown as they are. */
function plainMark(text: string): string {
  return text.replace(/[\\*_~`|>[\]()#]/g, "\\$&");
}
