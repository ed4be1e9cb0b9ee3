// What Claude models refuse, by version, as facts. A model that this table does not know is sent what was asked, except
// that a prefill is never sent to an unknown Claude.
// Sources: Anthropic's migration guides to Claude 4.6, 4.7 and Haiku 4.5/5.5, and the documentation of `effort`.

export interface ClaudeLimits {
  /** The conversation must end with a user message (since 4.6). */
  readonly refusesPrefill: boolean;
  /** `temperature`, `top_p` and `top_k` are rejected (since 4.7). */
  readonly refusesSampling: boolean;
  /** `temperature` and `top_p` are not taken together (since 4.1). */
  readonly oneOfTemperatureAndTopP: boolean;
  /** `output_config.effort` is taken (Opus 4.5, and all since 4.6). */
  readonly takesEffort: boolean;
  /** `xhigh` and above are taken (since 4.7). */
  readonly takesXhigh: boolean;
  /** A forced `tool_choice` is rejected (Fable 5, Mythos 5). */
  readonly refusesForcedTool: boolean;
}

interface Version {
  readonly family: string;
  /** Major × 100 + minor. */
  readonly number: number;
}

/** `claude-opus-4-7`, `anthropic.claude-sonnet-4.6-v1:0`, `claude-haiku-4-5-20251001`: a minor version has two digits at most. */
const FAMILY_FIRST = /claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
/** `claude-3-5-sonnet-20241022`. */
const VERSION_FIRST = /claude-(\d{1,2})(?:[-.](\d{1,2}))?-([a-z]+)/;

export function claudeLimits(model: string): ClaudeLimits {
  const name = model.toLowerCase();
  const version = versionOf(name);
  // Models of other makers that speak this dialect: nothing is known against them.
  const number = version?.number ?? 0;
  const isKnown = version !== undefined;
  return {
    refusesPrefill: isKnown ? number >= 406 : name.includes("claude"),
    refusesSampling: number >= 407,
    oneOfTemperatureAndTopP: number >= 401,
    takesEffort: !isKnown || number >= 406 || (number === 405 && version.family === "opus"),
    takesXhigh: !isKnown || number >= 407,
    refusesForcedTool: number >= 500 && (version?.family === "fable" || version?.family === "mythos"),
  };
}

function versionOf(name: string): Version | undefined {
  const first = FAMILY_FIRST.exec(name);
  if (first !== null) return { family: first[1] ?? "", number: Number(first[2]) * 100 + Number(first[3] ?? 0) };
  const old = VERSION_FIRST.exec(name);
  if (old !== null) return { family: old[3] ?? "", number: Number(old[1]) * 100 + Number(old[2] ?? 0) };
  return undefined;
}
