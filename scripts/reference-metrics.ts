// The page of metrics, made from the table in the source and from what the gateway itself says of their types.

import { createMetrics, METRICS, OTHER, TARGETS_MAX } from "../src/observe/metrics.ts";

const EMPTY = createMetrics({ running: () => new Map(), startedWallMs: 0, dropped: () => ({}) }).text();
const TYPES = new Map([...EMPTY.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));

export function metricsPage(): string {
  const rows = Object.values(METRICS).map(([name, labels, help]) => {
    const names = labels === "" ? "" : labels.replace(/\S+/g, "`$&`");
    return `| \`${name}\` | ${TYPES.get(name)} | ${names} | ${help} |`;
  });
  return `# Metrics

\`GET /metrics\` answers in the Prometheus text format, without a key. Times are in seconds.

| name | type | labels | what it says |
|---|---|---|---|
${rows.join("\n")}

- \`route\` is a name of the configuration (a pattern as it is written there), \`""\` where no route has the model.
- \`target\` is \`provider/model\`. Where routes are patterns, models are named by clients: beyond ${TARGETS_MAX} targets the
  rest share \`target="${OTHER}"\`.
- \`fault\` is a name of [the table of faults](faults.md), or \`ok\`.
- \`outcome\` is \`complete\`, \`broken\` (the client got a part and then an error), \`cancelled\` (the client left) or
  \`refused\` (the client got an error and nothing else). \`served_by\` and \`degraded\` are those of the response headers,
  \`""\` where these are absent.
- \`kind\` of tokens is \`input\`, \`output\`, \`cache_read\`, \`cache_write\` or \`reasoning\`; of a quota \`requests\`, \`input\`,
  \`output\` or \`tokens\` (both together).
- \`reader\` is \`log\` (lines), \`traces\` (spans), \`events\` (facts that slow followers lost) or \`ledger\` (facts that its store did not take).

In traces the same things have the names of OpenTelemetry's GenAI conventions; see [the log and traces](log.md). What
\`gen_ai.client.operation.duration\` is there is \`holdfast_call_duration_seconds\` here, and \`gen_ai.client.token.usage\`
is \`holdfast_tokens_total\`.

## Questions and their answers

| question | PromQL |
|---|---|
| Which share of calls ends well? | \`sum(rate(holdfast_calls_total{outcome="complete"}[5m])) / sum(rate(holdfast_calls_total{outcome!="cancelled"}[5m]))\` |
| Which target fails, and how? | \`sum by (target, fault) (rate(holdfast_attempts_total{fault!="ok"}[5m]))\` |
| What do failed attempts cost a call? | \`histogram_quantile(0.99, sum by (le, route) (rate(holdfast_added_latency_seconds_bucket[5m])))\` |
| How long until the first token? | \`histogram_quantile(0.95, sum by (le, route) (rate(holdfast_time_to_first_token_seconds_bucket[5m])))\` |

This page is made from \`src/observe/metrics.ts\` by \`npm run docs\`.
`;
}
