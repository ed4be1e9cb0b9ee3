// The mock provider of the bench, a process of its own: both dialects, whole and streamed, from frames rendered before.
// `GET /bench/pace?events=N&interval=MS` sets the streams to come. It is cheap and never fails; faults are the simulator's.

import { dieWithParent } from "./lifeline.ts";
import { type BenchDialect, PATHS, type StreamPayload, streamPayload, wholePayload } from "./payload.ts";

interface Pace {
  readonly intervalMs: number;
  readonly anthropic: StreamPayload;
  readonly chat: StreamPayload;
  readonly chatWithUsage: StreamPayload;
}

const EVENTS_LIMIT = 10_000;

function paceOf(events: number, intervalMs: number): Pace {
  const count = Math.min(Math.max(1, events), EVENTS_LIMIT);
  return {
    intervalMs: Math.max(1, intervalMs),
    anthropic: streamPayload("anthropic", count, false),
    chat: streamPayload("chat", count, false),
    chatWithUsage: streamPayload("chat", count, true),
  };
}

let pace = paceOf(Number(process.env.BENCH_EVENTS ?? 300), Number(process.env.BENCH_INTERVAL_MS ?? 2));

/** One timer per stream, which never catches up: a late machine gets a slower stream, not bursts of frames. */
function paced({ opening, events, closing }: StreamPayload, intervalMs: number): ReadableStream<Uint8Array> {
  const frames = [...events, ...closing].values();
  let timer: ReturnType<typeof setInterval> | undefined;
  let frame = frames.next();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(opening);
      timer = setInterval(() => {
        if (frame.done === true) return;
        controller.enqueue(frame.value);
        frame = frames.next();
        if (frame.done !== true) return;
        clearInterval(timer);
        controller.close();
      }, intervalMs);
    },
    cancel() {
      clearInterval(timer);
    },
  });
}

const WHOLE = { anthropic: wholePayload("anthropic").body, chat: wholePayload("chat").body };
const JSON_HEADERS = { "content-type": "application/json" };
const SSE_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

async function answer(dialect: BenchDialect, request: Request): Promise<Response> {
  const body = await request.text();
  if (!body.includes('"stream":true')) return new Response(WHOLE[dialect], { headers: JSON_HEADERS });
  const chat = body.includes('"include_usage":true') ? pace.chatWithUsage : pace.chat;
  return new Response(paced(dialect === "anthropic" ? pace.anthropic : chat, pace.intervalMs), {
    headers: SSE_HEADERS,
  });
}

dieWithParent();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === PATHS.anthropic) return answer("anthropic", request);
    if (url.pathname === PATHS.chat) return answer("chat", request);
    if (url.pathname !== "/bench/pace") return new Response("not found", { status: 404 });
    pace = paceOf(Number(url.searchParams.get("events")), Number(url.searchParams.get("interval")));
    return new Response("ok");
  },
});
console.log(`bench upstream ready on http://127.0.0.1:${server.port}`);
