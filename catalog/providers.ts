// Providers that need only a key in the configuration. Facts, each with its source and the day it was checked against it;
// behaviour belongs in src/providers/.

export interface CatalogProvider {
  readonly dialect: "anthropic-messages" | "openai-chat";
  /** As the vendor's SDK takes it: Anthropic without /v1, OpenAI with it. */
  readonly url: string;
  /** The environment variable that the vendor's own SDK reads; absent: the provider needs no key. */
  readonly keyVariable?: string;
  /** The environment variable from which the vendor's SDK takes another url. */
  readonly urlVariable?: string;
  /** Where the provider tells of its outages; absent: it has no page of its own. */
  readonly statusPage?: string;
  readonly tier: "remote" | "local";
  readonly source: string;
  readonly verified: string;
}

export const PROVIDERS: Readonly<Record<string, CatalogProvider>> = {
  anthropic: {
    dialect: "anthropic-messages",
    url: "https://api.anthropic.com",
    keyVariable: "ANTHROPIC_API_KEY",
    urlVariable: "ANTHROPIC_BASE_URL",
    statusPage: "https://status.claude.com",
    tier: "remote",
    source: "npm @anthropic-ai/sdk 1.12.0, client.js: default of baseURL",
    verified: "2026-11-23",
  },
  openai: {
    dialect: "openai-chat",
    url: "https://api.openai.com/v1",
    keyVariable: "OPENAI_API_KEY",
    urlVariable: "OPENAI_BASE_URL",
    statusPage: "https://status.openai.com",
    tier: "remote",
    source: "npm openai 7.57.0, client.js: default of baseURL",
    verified: "2026-11-23",
  },
  gemini: {
    dialect: "openai-chat",
    url: "https://generativelanguage.googleapis.com/v1beta/openai",
    keyVariable: "GEMINI_API_KEY",
    tier: "remote",
    source:
      "https://pub.dev/documentation/phoenixdb/4.1.0/ai/OpenAICompatibleChatModel/OpenAICompatibleChatModel.gemini.html",
    verified: "2026-11-23",
  },
  deepseek: {
    dialect: "openai-chat",
    url: "https://api.deepseek.com",
    keyVariable: "DEEPSEEK_API_KEY",
    statusPage: "https://status.deepseek.com",
    tier: "remote",
    source: "https://api-docs.deepseek.com/",
    verified: "2026-11-23",
  },
  groq: {
    dialect: "openai-chat",
    url: "https://api.groq.com/openai/v1",
    keyVariable: "GROQ_API_KEY",
    statusPage: "https://groqstatus.com",
    tier: "remote",
    source: "https://developer.4d.com/docs/ja/21-R3/aikit/compatible-openai",
    verified: "2026-11-23",
  },
  mistral: {
    dialect: "openai-chat",
    url: "https://api.mistral.ai/v1",
    keyVariable: "MISTRAL_API_KEY",
    statusPage: "https://status.mistral.ai",
    tier: "remote",
    source: "https://developer.4d.com/docs/ja/21-R3/aikit/compatible-openai",
    verified: "2026-11-23",
  },
  openrouter: {
    dialect: "openai-chat",
    url: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
    statusPage: "https://status.openrouter.ai",
    tier: "remote",
    source: "https://openrouter.ai/deepseek/deepseek-r1-distill-qwen-1.5b",
    verified: "2026-11-23",
  },
  ollama: {
    dialect: "openai-chat",
    url: "http://127.0.0.1:11434/v1",
    tier: "local",
    source: "https://developer.4d.com/docs/ja/21-R3/aikit/compatible-openai",
    verified: "2026-11-23",
  },
};

/** A provider of a configuration. */
export interface NamedProvider {
  readonly name: string;
  /** Absent: only the name is known. */
  readonly url?: string | undefined;
}

const HOSTS: ReadonlyMap<string, string> = new Map(
  Object.entries(PROVIDERS)
    .filter(([, { tier }]) => tier === "remote")
    .map(([name, { url }]) => [new URL(url).hostname, name]),
);

/** A name of `PROVIDERS`, or the one that was given: what stands at the url counts for more than what somebody called it. */
export function vendorOf({ name, url }: NamedProvider): string {
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined;
  return (host !== undefined && HOSTS.get(host)) || name;
}
