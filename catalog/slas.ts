// What providers promise, as far as it can be read: data for `report sla`, each entry with where it was read, when, and how
// sure it is. A contract of one's own wins over it. How a promise is judged: src/sla/.

/** `official`: the provider's own text was read; `quoted`: others quote it; `secondary`: others tell of it. */
export type Confidence = "official" | "quoted" | "secondary";

/** What the evaluators of src/sla/ take; its words are explained there. */
export interface SlaGuarantee {
  readonly promised: number;
  readonly rule:
    | { readonly kind: "interval-mean"; readonly intervalMinutes: number }
    | { readonly kind: "downtime-periods" | "minute-sum"; readonly errorShare: number; readonly leastMinutes: number }
    | { readonly kind: "request-ratio" };
  readonly errors: readonly SlaFailure[];
  readonly leftOut: readonly SlaFailure[];
  readonly bands: readonly { readonly below: number; readonly share: number }[];
  readonly of: string;
  readonly claim?: { readonly days: number; readonly from: "incident" | "month-end" } | { readonly months: number };
}

/** The failure classes of the ledger that contracts speak of. */
export type SlaFailure =
  | "error500"
  | "error5xx"
  | "overloaded529"
  | "limited429"
  | "timeout"
  | "broken"
  | "unreachable"
  | "malformed"
  | "inBand"
  | "account";

export interface SlaEntry {
  readonly name: string;
  /** A name of the provider catalog; absent: `hosts` alone tell. */
  readonly provider?: string;
  /** Patterns of the host in the provider's url. */
  readonly hosts?: readonly string[];
  /** Patterns of the models that it holds for; absent: all that no other entry of the provider names. */
  readonly models?: readonly string[];
  /** Patterns of models that it does not hold for: previews. */
  readonly notModels?: readonly string[];
  /** Sold apart: it holds only where a configuration or a person says that it was bought. */
  readonly tier?: string;
  /** Absent: nothing is promised. */
  readonly guarantee?: SlaGuarantee;
  /** In which the provider cuts its months. */
  readonly timeZone: string;
  /** How downtime is defined and what one is owed, in a sentence each, for people. */
  readonly definition: string;
  readonly remedy: string;
  /** How, where and until when one claims. */
  readonly claiming: string;
  /** What does not count. */
  readonly exclusions: readonly string[];
  readonly source_url: string;
  readonly verified_at: string;
  readonly confidence: Confidence;
}

/** What a server did, as its status code says; neither quotas nor what happened on the way. */
const SERVER_ERRORS = ["error500", "error5xx", "overloaded529"] as const;
/** What no provider counts: our own account, our own deadlines, and the network between. */
const OURS = ["account", "timeout", "unreachable"] as const;
const BEST_EFFORT = { definition: "no promise", remedy: "none", claiming: "none", exclusions: [] } as const;

/** What vendors call a model before it is one of theirs for good. */
const PREVIEWS = ["preview", "-exp(?:-|$)"] as const;

export const SLAS: readonly SlaEntry[] = sourced([
  {
    name: "Amazon Bedrock",
    hosts: ["^bedrock(-runtime)?[.-][a-z0-9.-]*amazonaws\\.com$", "^bedrock-mantle\\.[a-z0-9.-]+$"],
    timeZone: "UTC",
    guarantee: {
      promised: 0.999,
      rule: { kind: "interval-mean", intervalMinutes: 5 },
      errors: ["error500"],
      leftOut: [...OURS],
      bands: [
        { below: 0.999, share: 0.1 },
        { below: 0.99, share: 0.25 },
        { below: 0.95, share: 1 },
      ],
      of: "the Bedrock charges of the account in that region",
      claim: { months: 2 },
    },
    definition:
      "Per account and region: the mean over 5-minute intervals of the share of requests that did not fail with a 500. An interval without requests counts as 100 %.",
    remedy:
      "10 % below 99.9 %, 25 % below 99.0 %, 100 % below 95 % of the region's Bedrock charges, against future bills, from 1 USD on.",
    claiming:
      'A case in the AWS Support Center with the subject "SLA Credit Request", with dates, times, region and request logs, by the end of the second billing cycle after the incident.',
    exclusions: ["throttling (429)", "what lies outside of AWS", "the customer's own software"],
    source_url: "https://aws.amazon.com/bedrock/sla/",
    verified_at: "2026-08-31",
    confidence: "quoted",
  },
  vertex({
    name: "Gemini on Vertex AI",
    promised: 0.995,
    bands: [
      { below: 0.995, share: 0.1 },
      { below: 0.99, share: 0.25 },
      { below: 0.95, share: 0.5 },
    ],
    remedy: "10 % below 99.5 %, 25 % below 99 %, 50 % below 95 %, which is the most.",
  }),
  vertex({
    name: "Gemini on Vertex AI, models of shorter availability",
    promised: 0.95,
    bands: [],
    models: ["^gemini-3\\.[678]-flash"],
    remedy: "Credits; the bands for these models could not be read.",
  }),
  {
    name: "Gemini Developer API",
    provider: "gemini",
    hosts: ["^generativelanguage\\.googleapis\\.com$"],
    timeZone: "America/Los_Angeles",
    ...BEST_EFFORT,
    definition: "no promise was found; rate limits are said not to be guaranteed",
    source_url: "https://ai.google.dev/gemini-api/docs/rate-limits",
    verified_at: "2026-10-31",
    confidence: "secondary",
  },
  {
    name: "Azure OpenAI",
    notModels: PREVIEWS,
    hosts: ["\\.openai\\.azure\\.com$", "\\.cognitiveservices\\.azure\\.com$"],
    timeZone: "UTC",
    guarantee: {
      promised: 0.999,
      rule: { kind: "request-ratio" },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS],
      bands: [
        { below: 0.999, share: 0.1 },
        { below: 0.99, share: 0.25 },
        { below: 0.95, share: 1 },
      ],
      of: "the service's charges of the month",
      claim: { days: 30, from: "month-end" },
    },
    definition: "Availability of the endpoint; a 429 counts as available. Microsoft's own text could not be read.",
    remedy: "10 % below 99.9 %, 25 % below 99 %, 100 % below 95 %.",
    claiming:
      "A support request. Sources disagree between 30 days and two months after the billing month: the earlier day is told.",
    exclusions: ["429", "previews", "fine-tuning", "batch", "content filters"],
    source_url: "https://www.microsoft.com/licensing/docs/view/Service-Level-Agreements-SLA-for-Online-Services",
    verified_at: "2026-10-31",
    confidence: "secondary",
  },
  {
    name: "OpenAI API",
    provider: "openai",
    hosts: ["^api\\.openai\\.com$"],
    timeZone: "UTC",
    ...BEST_EFFORT,
    definition: 'none: the default API is offered "as is"',
    source_url: "https://openai.com/policies/services-agreement/",
    verified_at: "2026-10-31",
    confidence: "secondary",
  },
  {
    name: "OpenAI Scale Tier",
    provider: "openai",
    tier: "scale",
    timeZone: "UTC",
    guarantee: {
      promised: 0.999,
      rule: { kind: "request-ratio" },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS, "limited429"],
      bands: [],
      of: "the token units (the schedule is not public)",
    },
    definition:
      "99.9 % uptime and a latency promise on per-minute averages over the month; how uptime is counted is not public.",
    remedy: "Credits by a schedule in the contract.",
    claiming: "Through the account team.",
    exclusions: ["spill-over traffic"],
    source_url: "https://openai.com/api-scale-tier/",
    verified_at: "2026-10-31",
    confidence: "official",
  },
  {
    name: "OpenAI Priority processing",
    provider: "openai",
    tier: "priority",
    timeZone: "UTC",
    guarantee: {
      promised: 0.999,
      rule: { kind: "request-ratio" },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS, "limited429"],
      bands: [],
      of: "what the contract says",
    },
    definition:
      "For enterprise customers: 99.9 % uptime, and latency per 5 minutes in tokens a second by model; how uptime is counted is not public. Sold as fast mode since.",
    remedy: "By contract.",
    claiming: "Through the account team.",
    exclusions: ["long context", "what was downgraded because traffic grew too fast"],
    source_url: "https://openai.com/api-priority-processing/",
    verified_at: "2026-11-27",
    confidence: "quoted",
  },
  {
    name: "Anthropic API",
    provider: "anthropic",
    hosts: ["^api\\.anthropic\\.com$"],
    timeZone: "UTC",
    ...BEST_EFFORT,
    definition: "none: the standard tier is best effort. The Priority Tier targeted 99.5 % and is no longer sold.",
    remedy:
      "none in public; an enterprise contract may have one. Claude on Bedrock or Vertex has a promise with credits.",
    source_url: "https://platform.claude.com/docs/en/api/service-tiers",
    verified_at: "2026-10-31",
    confidence: "official",
  },
  mistral("enterprise basic", 0.995),
  mistral("enterprise standard", 0.999),
  {
    name: "Mistral API",
    provider: "mistral",
    hosts: ["^api\\.mistral\\.ai$"],
    timeZone: "UTC",
    ...BEST_EFFORT,
    definition: "none without an enterprise contract",
    source_url: "https://mistral.ai/terms/",
    verified_at: "2026-10-31",
    confidence: "official",
  },
  {
    name: "Cohere",
    hosts: ["^api\\.cohere\\.(?:com|ai)$"],
    timeZone: "UTC",
    guarantee: {
      promised: 0.995,
      rule: { kind: "request-ratio" },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS, "limited429"],
      bands: [
        { below: 0.995, share: 0.1 },
        { below: 0.98, share: 0.2 },
        { below: 0.95, share: 0.3 },
      ],
      of: "the month's fees",
      claim: { days: 30, from: "incident" },
    },
    definition:
      "99.5 % of the month; how it is counted was not in what could be read. Cohere decides from its own logs.",
    remedy: "10 % below 99.5 %, 20 % below 98 %, 30 % below 95 %.",
    claiming: "Notice within 30 days, with date and time.",
    exclusions: ["rate limits"],
    source_url: "https://cohere.com/slo",
    verified_at: "2026-08-31",
    confidence: "quoted",
  },
  {
    name: "Groq",
    provider: "groq",
    hosts: ["^api\\.groq\\.com$"],
    timeZone: "UTC",
    ...BEST_EFFORT,
    definition: 'none in public: the standard tier is "commercially reasonable"; an enterprise tier has 99.9 %',
    source_url: "https://groq.com/terms-of-use",
    verified_at: "2026-10-31",
    confidence: "secondary",
  },
  none("DeepSeek", "deepseek", "https://www.deepseek.com/"),
  none("OpenRouter", "openrouter", "https://openrouter.ai/terms"),
]);

/** Throws on an entry that does not say where it was read, and when: such a one is no fact. */
export function sourced(entries: readonly SlaEntry[]): readonly SlaEntry[] {
  for (const { name, source_url, verified_at } of entries) {
    if (!/^https:\/\/[^ /]+\.[^ ]+$/.test(source_url)) throw new Error(`the promise "${name}" has no source_url`);
    const isDay = /^\d{4}-\d{2}-\d{2}$/.test(verified_at) && !Number.isNaN(Date.parse(verified_at));
    if (!isDay) throw new Error(`the promise "${name}" has no day in verified_at`);
  }
  return entries;
}

interface VertexTerms extends Pick<SlaGuarantee, "promised" | "bands"> {
  readonly name: string;
  readonly models?: readonly string[];
  readonly remedy: string;
}

function vertex({ name, promised, bands, models, remedy }: VertexTerms): SlaEntry {
  return {
    name,
    hosts: ["^(?:[a-z0-9-]+-)?aiplatform\\.googleapis\\.com$"],
    ...(models && { models }),
    notModels: PREVIEWS,
    timeZone: "America/Los_Angeles",
    guarantee: {
      promised,
      rule: { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS, "limited429"],
      bands,
      of: "the month's charges for the model (50 % at most)",
      claim: { days: 30, from: "incident" },
    },
    definition:
      "Per project: minutes with more than 5 % server errors (5xx) of valid requests, in periods of at least 5 consecutive minutes.",
    remedy,
    claiming:
      "Technical support within 30 days, with log files that show the downtime periods; otherwise it is forfeited.",
    exclusions: [
      "429",
      "Grounding with Search",
      "deadlines of one's own",
      "quota",
      "previews",
      "requests without the back-off from 1 s to 32 s that is asked for after an error",
    ],
    source_url: "https://cloud.google.com/vertex-ai/generative-ai/sla",
    verified_at: "2026-08-31",
    confidence: "quoted",
  };
}

function mistral(tier: string, promised: number): SlaEntry {
  return {
    name: `Mistral, ${tier}`,
    provider: "mistral",
    tier,
    timeZone: "UTC",
    guarantee: {
      promised,
      // The terms do not say from which share of failures on a minute is down.
      rule: { kind: "minute-sum", errorShare: 0.5, leastMinutes: 5 },
      errors: [...SERVER_ERRORS],
      leftOut: [...OURS, "limited429"],
      bands: [{ below: promised, share: 0.02 }],
      of: "the month's fees (2 % or 5 % by band; the lower is told)",
    },
    definition:
      "Minutes of downtime on the server's side, of periods of at least 5 minutes. From which share of failures on a minute is down is not said: over half is taken.",
    remedy: "2 % or 5 % of the monthly fees, by band.",
    claiming: "As the contract's schedule says. status.mistral.ai is the report of availability.",
    exclusions: ["rate limits"],
    source_url: "https://mistral.ai/terms/",
    verified_at: "2026-10-31",
    confidence: "quoted",
  };
}

function none(name: string, provider: string, source: string): SlaEntry {
  return {
    name,
    provider,
    timeZone: "UTC",
    ...BEST_EFFORT,
    definition: "none was found in public",
    source_url: source,
    verified_at: "2026-10-31",
    confidence: "secondary",
  };
}
