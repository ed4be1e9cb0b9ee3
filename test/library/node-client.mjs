// What an application does with the library, on Node: one official SDK against two simulated providers. The test starts it
// with { sdk, dialect, primary, backup } as its argument and reads one line of JSON: what each scenario came to.

import { getEventListeners } from "node:events";
import process from "node:process";
import { createHoldfast } from "holdfast";

const { sdk, dialect, primary, backup } = JSON.parse(process.argv[2]);
const { default: Sdk } = await import(sdk);

const config = {
  providers: {
    primary: { dialect, url: primary, key: "none" },
    backup: { dialect: dialect === "openai-chat" ? "anthropic-messages" : "openai-chat", url: backup, key: "none" },
  },
  // A target for each scenario: what one does to the primary is not held against it in the next.
  routes: { "chat-*": { targets: ["primary/a-*", "backup/b"] } },
};
const holdfast = createHoldfast(config);
// The base url is the vendor's own: only `fetch` is changed.
const client = new Sdk({ apiKey: "unused", fetch: holdfast.fetch, logLevel: "off" });
const facts = [];
const reading = (async () => {
  for await (const fact of holdfast.events()) facts.push(fact.type);
})();

const ask = { model: "chat-0", max_tokens: 200, messages: [{ role: "user", content: "hello" }] };

function create(body, options) {
  const { create: whole } = dialect === "openai-chat" ? client.chat.completions : client.messages;
  const self = dialect === "openai-chat" ? client.chat.completions : client.messages;
  return whole.call(self, body, options);
}

const textOf = (answer) => answer.choices?.[0].message.content ?? answer.content?.[0].text;
const pieceOf = (event) => event.choices?.[0]?.delta.content ?? event.delta?.text ?? "";

async function whole(options) {
  const { data, response } = await create(ask, options).withResponse();
  return { text: textOf(data), target: response.headers.get("x-holdfast-target") };
}

async function stream({ onPiece, ...options } = {}) {
  const { data, response } = await create({ ...ask, stream: true }, options).withResponse();
  let text = "";
  try {
    for await (const event of data) {
      text += pieceOf(event);
      if (text !== "") onPiece?.();
    }
  } catch (error) {
    return { text, ...told(error) };
  }
  return { text, target: response.headers.get("x-holdfast-target") };
}

const told = (error) => ({ threw: error.constructor.name, message: error.message });

let scenarios = 0;

/** Asks with this fault of the primary. */
async function with_(fault, run) {
  const url = new URL("/sim/fault", primary);
  await fetch(url, { method: "POST", body: JSON.stringify(fault ?? { kind: "none" }) });
  ask.model = `chat-${++scenarios}`;
  return run().catch(told);
}

/** Straight at `holdfast.fetch`, without an SDK. */
async function bare(signal, stream) {
  const path = dialect === "openai-chat" ? "/v1/chat/completions" : "/v1/messages";
  const init = { method: "POST", body: JSON.stringify({ ...ask, stream }), signal };
  const response = await holdfast.fetch(`https://nowhere.invalid${path}`, init);
  return { text: await response.text() };
}

const results = {
  whole: await with_(undefined, whole),
  stream: await with_(undefined, stream),
  wholeRescued: await with_({ kind: "overloaded" }, whole),
  streamRescued: await with_({ kind: "overloaded" }, stream),
  refusedConnection: await with_({ kind: "reset" }, stream),
  inBandError: await with_({ kind: "error-in-band", after: 3 }, () =>
    stream({ headers: { "x-holdfast-resume": "off" } }),
  ),
  resumed: await with_({ kind: "error-in-band", after: 8 }, stream),
  leftBefore: await with_({ kind: "silence" }, () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    return whole({ signal: controller.signal });
  }),
  leftWithin: await with_({ kind: "drip", delay: "1s" }, () => {
    const controller = new AbortController();
    return stream({ signal: controller.signal, onPiece: () => controller.abort() });
  }),
  bareLeftBefore: await with_({ kind: "silence" }, () => bare(AbortSignal.timeout(200), false)),
  bareLeftWithin: await with_({ kind: "drip", delay: "1s" }, () => bare(AbortSignal.timeout(300), true)),
};
// An application's own signal lives longer than its calls.
const kept = new AbortController().signal;
await with_(undefined, () => bare(kept, false));
await with_(undefined, () => bare(kept, true));
const listeners = getEventListeners(kept, "abort").length;
holdfast.close();
await reading;
process.stdout.write(`${JSON.stringify({ results, facts, listeners })}\n`);
