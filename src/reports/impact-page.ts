// The report of impact as a page for people: what happened to calls and users, money, the three truths, each provider alone.

import type { ImpactReport, ProviderImpact } from "./impact-report.ts";
import type { Page, Section } from "./page.ts";
import { countText, msText, plural, shareText, usdText } from "./wording.ts";

export function impactPage(report: ImpactReport): Page {
  const { from, to, provider, calls } = report;
  const whose = provider === undefined ? "all providers" : provider;
  return {
    title: provider === undefined ? "What failing providers did to calls" : `What failures of ${provider} did to calls`,
    about: [
      `${from} to ${to} (UTC), ${whose}.`,
      calls.hit === 0
        ? `${plural(calls.all, "call")}, none of which met a failure of a provider.`
        : `${plural(calls.all, "call")}, of which ${countText(calls.hit)} met a failure of a provider: ` +
          `${countText(calls.rescued)} were rescued, ${countText(calls.word.all)} got an honest word, ` +
          `${countText(calls.rawError.all)} got an error.`,
    ],
    sections: [
      outcomes(report),
      latency(report),
      money(report),
      truths(report),
      alone(report),
      failures(report),
      models(report),
      routes(report),
      { title: "What to know", lines: report.notes },
    ].filter(({ lines = [], table }) => lines.length > 0 || (table?.rows.length ?? 0) > 0),
  };
}

function outcomes({ calls, users, slots }: ImpactReport): Section {
  const share = (count: number) => (calls.hit === 0 ? "" : shareText(count / calls.hit));
  const word = Object.entries(calls.word).filter(([name, count]) => name !== "all" && count > 0);
  const row = (name: string, count: number, distinct?: number) => [
    name,
    countText(count),
    share(count),
    distinct === undefined ? "" : countText(distinct),
  ];
  return {
    title: "Calls and end users",
    table: {
      head: ["", "calls", "of those hit", "distinct end users"],
      rows: [
        row("met a failure", calls.hit, users.hit),
        row("rescued: a target answered", calls.rescued, users.rescued),
        row("honest word: a last resort", calls.word.all, users.word),
        ...word.map(([name, count]) => row(`– ${name}`, count)),
        row("raw error", calls.rawError.all, users.rawError),
        row("– refused", calls.rawError.refused),
        row("– answer broke off", calls.rawError.broken),
        row("left before it was decided", calls.leftHit),
      ],
    },
    plot: {
      title: "Calls that met a failure",
      text: `Calls in parts of ${plural(slots.minutes, "minute")}: rescued, honest word, raw error.`,
      kind: "stack",
      unit: "count",
      at: slots.from,
      series: [
        { name: "rescued", values: slots.rescued },
        { name: "honest word", values: slots.word },
        { name: "raw error", values: slots.rawError },
      ],
    },
  };
}

function latency({ added }: ImpactReport): Section {
  if (added === undefined) return { title: "Added latency" };
  return {
    title: "Added latency",
    lines: [
      `Rescued calls took ${msText(added.meanMs)} longer in the mean than the attempt that answered: half of them at most ` +
        `${msText(added.p50Ms)}, 95 % at most ${msText(added.p95Ms)}, 99 % at most ${msText(added.p99Ms)}.`,
    ],
  };
}

function money({ money: found }: ImpactReport): Section {
  const { spent, unpricedAttempts, failoverExtra, failoverSpared, failoverUnknownCalls, cache, lost } = found;
  const atLeast = (usd: number | undefined, unknown: number) =>
    usd !== undefined && unknown > 0 ? `${usdText(usd)} and more` : usdText(usd);
  return {
    title: "Money",
    table: {
      head: ["", "USD at list prices"],
      rows: [
        ["spent in this span, all calls", atLeast(spent, unpricedAttempts)],
        ["extra by failover", atLeast(failoverExtra, failoverUnknownCalls)],
        ["spared by failover to something cheaper", usdText(failoverSpared)],
        [
          `saved by the cache (${plural(cache.calls, "call")}, estimated)`,
          cache.calls === 0 ? "$0" : usdText(cache.usd),
        ],
        [
          `lost (${plural(lost.calls, "call")} without an answer)`,
          lost.calls === 0 ? "$0" : atLeast(lost.usd, lost.unknownCalls),
        ],
      ],
    },
  };
}

function truths({ providers, slots }: ImpactReport): Section {
  return {
    title: "Three truths",
    table: {
      head: ["provider", "countable under an SLA", "experienced", "clients of Holdfast saw"],
      rows: providers.map(({ provider, truths: { slaCountable, experienced, clientsSaw } }) => [
        provider,
        shareText(slaCountable),
        shareText(experienced),
        shareText(clientsSaw),
      ]),
    },
    lines: [
      "Countable: of the requests that were made, those answered with HTTP 5xx other than 529 failed, as in most contracts. After a failover few requests are made, so few count.",
      "Experienced: what callers of this provider alone would have met, 429, 529, timeouts and broken streams included; minute by minute, weighed by the calls.",
      "Clients saw: the share of calls on the routes that ask this provider that got an answer or an honest word.",
    ],
    plot: {
      title: "Failing attempts by provider",
      text: "The share of each provider's attempts that failed, over time.",
      kind: "lines",
      unit: "share",
      at: slots.from,
      series: providers.map(({ provider }) => ({ name: provider, values: slots.failing[provider] ?? [] })),
    },
  };
}

function alone({ providers }: ImpactReport): Section {
  return {
    title: "With one provider only",
    table: {
      head: ["provider alone", "calls", "would have failed", "availability", "calls without evidence"],
      rows: providers
        .filter(({ alone: { calls, callsUnknown } }) => calls + callsUnknown > 0)
        .map(({ provider, alone: { calls, failed, availability, callsUnknown } }) => [
          provider,
          countText(calls),
          countText(failed),
          shareText(availability),
          countText(callsUnknown),
        ]),
    },
    lines: [
      "Estimated from the failures, probes and canaries that were recorded in each minute, each call asked once, without retries; calls that were led past a failing provider count as failed there.",
    ],
  };
}

function failures({ providers }: ImpactReport): Section {
  const first = ({ firstTokenMs: found }: ProviderImpact) =>
    found === undefined ? "" : `${msText(found.p50)} / ${msText(found.p95)}`;
  const speed = ({ tokensPerS: found }: ProviderImpact) =>
    found === undefined ? "" : `${countText(found.p50)} / ${countText(found.p5)}`;
  const own = (asked: number, failed: number) => (asked === 0 ? "" : `${countText(asked)} / ${countText(failed)}`);
  return {
    title: "Failures by provider",
    table: {
      head: [
        "provider",
        "attempts",
        "failed",
        "how",
        "first token, 50 % / 95 %",
        "tokens a second, 50 % / 5 %",
        "probes / failed",
        "canaries / failed",
      ],
      rows: providers.map((one) => [
        one.provider,
        countText(one.attempts),
        countText(one.failed),
        Object.entries(one.by)
          .sort(([, a], [, b]) => b - a)
          .map(([name, count]) => `${name} ${countText(count)}`)
          .join(", "),
        first(one),
        speed(one),
        own(one.probes, one.probesFailed),
        own(one.canaries, one.canariesFailed),
      ]),
    },
  };
}

function models({ providers }: ImpactReport): Section {
  return {
    title: "Tokens and money by model",
    table: {
      head: ["model", "attempts", "input tokens", "output tokens", "USD", "a million in / out", "price as of"],
      rows: providers.flatMap(({ provider, models: list }) =>
        list
          .filter(({ attempts }) => attempts > 0)
          .map(({ model, attempts, inputTokens, outputTokens, unpricedAttempts, costUsd, price }) => [
            `${provider}/${model}`,
            countText(attempts),
            countText(inputTokens),
            countText(outputTokens),
            costUsd !== undefined && unpricedAttempts > 0 ? `${usdText(costUsd)} and more` : usdText(costUsd),
            price === undefined ? "unknown" : `${usdText(price.inputPerMillion)} / ${usdText(price.outputPerMillion)}`,
            price?.verified ?? "",
          ]),
      ),
    },
  };
}

function routes({ routes: list }: ImpactReport): Section {
  return {
    title: "By route",
    table: {
      head: ["route", "calls", "met a failure", "rescued", "honest word", "raw error", "left"],
      rows: list
        .filter(({ calls }) => calls > 0)
        .map(({ route, calls, hit, rescued, word, rawError, leftHit }) => [
          route,
          ...[calls, hit, rescued, word, rawError, leftHit].map(countText),
        ]),
    },
  };
}
