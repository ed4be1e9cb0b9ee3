// What the gateway is compared with: the least that a gateway in Bun can do. The request's JSON is parsed, `fetch` asks
// upstream, and the body is pumped reader → `ReadableStream` with `pull`. BENCH_RELAY=limit hands the body on untouched,
// which is the limit of the runtime. No retries, no checks, no timers: it is a yardstick, not a gateway.

import { dieWithParent } from "./lifeline.ts";

const upstreamUrl = process.env.BENCH_UPSTREAM ?? "";
const untouched = process.env.BENCH_RELAY === "limit";

function pumped(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await reader.cancel(reason);
    },
  });
}

async function relay(request: Request): Promise<Response> {
  const body = await request.text();
  const parsed: unknown = JSON.parse(body);
  if (typeof parsed !== "object" || parsed === null || !("model" in parsed)) return new Response(null, { status: 400 });
  // `timeout` is Bun's own and missing from its types: without it, five quiet minutes end a stream.
  const options: BunFetchRequestInit & { timeout: false } = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer bench" },
    body,
    decompress: false,
    redirect: "manual",
    timeout: false,
  };
  const path = request.url.slice(request.url.indexOf("/", "http://".length));
  const upstream = await fetch(upstreamUrl + path, options);
  const headers = { "content-type": upstream.headers.get("content-type") ?? "application/json" };
  const answer = upstream.body === null || untouched ? upstream.body : pumped(upstream.body);
  return new Response(answer, { status: upstream.status, headers });
}

dieWithParent();
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: relay });
console.log(`bench relay ready on http://127.0.0.1:${server.port}`);
