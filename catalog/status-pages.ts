// What is known of providers' status pages beyond their address: which of their components is what, where else the same
// page can be read, how seldom it wants to be asked. By host of the page. Facts, each with its source and day.

export interface CatalogStatusPage {
  /** Component ids, which outlive their names. */
  readonly surfaces?: Readonly<Record<string, "api" | "web" | "console" | "agent" | "auth" | "billing" | "other">>;
  /** Further addresses of the same page, tried when the first does not answer. */
  readonly fallbacks?: readonly string[];
  /** Where its data is, when that is not found from the page's own address. */
  readonly documents?: readonly string[];
  /** What an empty list there means; only where that cannot be seen from the list. */
  readonly expected?: "gcp" | "aws";
  /** Asked no more often than this, whatever is going on. */
  readonly floorS?: number;
  readonly source: string;
  readonly verified: string;
}

export const STATUS_PAGES: Readonly<Record<string, CatalogStatusPage>> = {
  "status.claude.com": {
    surfaces: {
      k8w3r06qmzrp: "api",
      rwppv331jlwc: "web",
      "0qbwn08sd68x": "console",
      yyzkbfz2thpt: "agent",
      bpp5gb3hpjcl: "agent",
      "0scnb50nvy53": "other",
    },
    fallbacks: ["https://anthropic.statuspage.io"],
    floorS: 120,
    source: "a recording of summary.json of 2026-10-09; aggregators report challenges when it is asked more often",
    verified: "2026-11-27",
  },
  "status.openai.com": {
    surfaces: {
      "01JMXBRMFE6N2NNT7DG6XZQ6PW": "api",
      "01JP8CD9JR3HR6Y7G4Q75N4DVW": "api",
      "01JMXBRMFEV0AJ0VVS68N9CD6R": "api",
    },
    source: "recordings of the compatible summary.json of 2026: Chat Completions, Responses, Embeddings",
    verified: "2026-11-27",
  },
  "status.cloud.google.com": {
    documents: ["https://status.cloud.google.com/incidents.json"],
    expected: "gcp",
    source: "https://status.cloud.google.com/incidents.schema.json",
    verified: "2026-11-27",
  },
  "health.aws.amazon.com": {
    documents: ["https://health.aws.amazon.com/public/currentevents"],
    expected: "aws",
    source: "recordings of 2026-03; the page's own script reads it",
    verified: "2026-11-27",
  },
  "azure.status.microsoft": {
    documents: ["https://rssfeed.azure.status.microsoft/en-us/status/feed/"],
    source: "public clients; status.azure.com is another feed, which was empty in the outage of 2026-07-23",
    verified: "2026-11-27",
  },
  "status.x.ai": {
    documents: ["https://status.x.ai/feed.xml"],
    floorS: 300,
    source: "public clients: other paths answered 403 in September 2026",
    verified: "2026-11-27",
  },
};
