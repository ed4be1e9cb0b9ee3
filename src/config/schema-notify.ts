// The shape of `notify`: who is told of what. What its values mean together is judged in `notify.ts`.

import * as z from "zod";
import { SEVERITIES } from "../core/incident.ts";
import { NOTICE_TYPES } from "../core/notice.ts";
import { list, object, oneOf, text, told } from "./fields.ts";

const address = text("an address such as ops@example.com");
const LEAST = SEVERITIES.filter((one) => one !== "none");

export const notice = object(
  {
    slack: told(text("a URL").optional(), "The incoming webhook of a channel of Slack."),
    teams: told(text("a URL").optional(), "The URL of a workflow of Microsoft Teams that posts to a channel."),
    discord: told(text("a URL").optional(), "The webhook of a channel of Discord."),
    pagerduty: told(text("a key").optional(), "The integration key of a service of PagerDuty (Events API v2)."),
    email: told(
      z.union([address, list(address, "a list of addresses")], { error: "an address or a list of them" }).optional(),
      "Who gets mail: one thread an incident. Takes `smtp` and `from`.",
    ),
    webhook: told(text("a URL").optional(), "Where a signed webhook is posted. Takes `secret`."),
    on: told(
      list(oneOf(...NOTICE_TYPES), "a list of event names").optional(),
      "Which events.",
      "[incident.opened, incident.updated, incident.resolved]",
    ),
    severity: told(oneOf(...LEAST).optional(), "Milder incidents are not told: minor, major or critical.", "minor"),
    routes: told(
      list(text("a route's name"), "a list of routes").optional(),
      "Only what touches one of these; absent: all.",
    ),
    tenants: told(
      list(text("a gateway key's name"), "a list of names").optional(),
      "Only what calls of one of these met; absent: all.",
    ),
    name: told(text("a name").optional(), "How it is called in messages; default: its kind."),
    smtp: told(text("smtp://user:password@host:587").optional(), "The mail server: `smtp://` or `smtps://`."),
    from: told(text("an address such as Holdfast <ops@example.com>").optional(), "Who the mail is from."),
    secret: told(text("whsec_…").optional(), "Signs the webhook: `whsec_` and 24 to 64 bytes in base64."),
    url: told(
      text("a URL").optional(),
      "PagerDuty's address, where it is another, such as that of its service in Europe.",
    ),
  },
  "a mapping such as { slack: URL, on: [incident.opened] }",
);
