// Shares, money and spans of time as keys of the schema.

import { scalar } from "./fields.ts";
import { parseDuration, parseMoney, parseShare } from "./units.ts";

const AMOUNT = "^\\d+(\\.\\d+)?";

export const share = scalar(parseShare, "a share such as 2%", {
  anyOf: [{ type: "string", pattern: `${AMOUNT}%$` }, { const: 0 }],
});

export const money = scalar((value) => parseMoney(value), "an amount such as 0.40usd", {
  anyOf: [{ type: "string", pattern: `${AMOUNT}[uU][sS][dD]$` }, { const: 0 }],
});

export const dailyMoney = scalar((value) => parseMoney(value, true), "an amount a day such as 0.50usd/day", {
  anyOf: [{ type: "string", pattern: `${AMOUNT}[uU][sS][dD]/day$` }, { const: 0 }],
});

export const lasting = scalar(parseDuration, "a duration such as 500ms, 8s, 5m, 1h or 7d", {
  anyOf: [{ type: "string", pattern: `${AMOUNT}(ms|s|m|h|d)$` }, { const: 0 }],
});

export const timeZone = scalar(
  (value) => (typeof value === "string" && isTimeZone(value) ? value : undefined),
  "a time zone such as UTC or America/Los_Angeles",
  { type: "string" },
);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
