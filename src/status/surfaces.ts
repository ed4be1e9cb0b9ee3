// What of a provider a component is, by its name, where the catalog does not know its id; and what a title is about where
// no component is named. First rule that matches; a name that says nothing is `other`, never `api`.

import type { PageSurface } from "../core/status-page.ts";

const BY_NAME: readonly (readonly [PageSurface, RegExp])[] = [
  ["billing", /\b(?:billing|payments?|subscriptions?|invoices?|usage page|credits)\b/i],
  ["auth", /\b(?:log ?-?in|sign ?-?in|sign ?-?up|auth(?:entication)?|sso|accounts?)\b/i],
  ["console", /\b(?:console|dashboard|platform\.[\w.]+|playground|developer portal|admin portal|ai studio)\b/i],
  ["other", /\b(?:docs|documentation|website|marketing|status page|forum|for government|labs|fine-?tuning)\b/i],
  ["agent", /\b(?:code|codex|cowork|agents?|operator|cli|extension)\b/i],
  ["web", /\b(?:claude\.ai|chatgpt|le chat|web ?app|web chat|mobile|ios|android|desktop|conversations|voice mode)\b/i],
  [
    "api",
    /\bAPIs?\b|\bapi\.[\w.]+|\b(?:chat completions?|completions|responses|embeddings|inference|bedrock|openai service|vertex (?:ai )?gemini|gemini on agent platform|generative ai)\b/i,
  ],
];

/** Of a component's name. Products come before `api`: the API of a product is that product's. */
export function surfaceOfName(name: string): PageSurface {
  return BY_NAME.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}

/** Of a title: only what it says outright; empty: nothing. */
export function surfacesOfTitle(title: string): readonly PageSurface[] {
  return BY_NAME.filter(([surface, pattern]) => surface !== "other" && pattern.test(title)).map(([surface]) => surface);
}

/** "API requests are not affected": whatever else it lists, calls are not concerned by its own word. */
export function sparesApi(text: string): boolean {
  return /\bAPIs?\b[^.;]{0,60}\b(?:(?:is|are|was|were|remains?) (?:not |un)(?:affected|impacted)|unaffected|not affected|not impacted|operat(?:es|ing) normally|no impact)\b|\bno (?:impact|effect) (?:on|to) (?:the )?API/i.test(
    text,
  );
}
