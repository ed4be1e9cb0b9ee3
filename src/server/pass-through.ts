// Paths under `/v1/` that are not the gateway's own, relayed to the first provider of the caller's dialect: our credential
// instead of theirs, bytes both ways as they come. Nothing is retried, held, translated or failed over.

import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import type { Body, HttpMethod, WireRequest, WireResponse } from "../core/runtime.ts";
import type { ProviderSettings } from "../core/settings.ts";
import { LazyDeadline } from "../core/timing.ts";
import type { Engine } from "../engine/engine.ts";
import { createKeyring } from "../engine/keyring.ts";
import { createProvider } from "../providers/provider.ts";
import type { Tenant } from "./access.ts";
import type { Open } from "./answer.ts";
import type { Patient } from "./client-watch.ts";
import { passedRequestHeaders, passedResponseHeaders } from "./pass-headers.ts";
import { type Asker, notAllowed, refuse } from "./refuse.ts";

export interface PassThrough {
  readonly request: Request;
  readonly path: string;
  readonly query: string;
  readonly asker: Asker;
  readonly tenant: Tenant;
  readonly open: Open;
  readonly patient: Patient;
}

/** OpenAI takes files up to this. */
export const PASSED_BYTES_MAX = 536_870_912;
const CONNECT_MS = 5_000;
/** Without a byte in either direction; a slow job's answer is nobody's outage here. */
const SILENCE_MS = 600_000;
const METHODS: readonly HttpMethod[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/** RFC 9110: these answers have no content, whatever their headers say. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

export async function passThrough(engine: Engine, passed: PassThrough): Promise<Response> {
  const { request, path, query, asker, tenant, open } = passed;
  const refused = refusedBy(engine, path, tenant);
  if (refused !== undefined) return refuse(asker, refused);
  const method = METHODS.find((one) => one === request.method);
  if (method === undefined) return notAllowed(asker, request.method, METHODS.join(", "));
  const provider = engine.settings.providers.find(({ dialect }) => dialect === asker.dialect);
  const url = provider && addressOf(provider, path, query);
  if (provider === undefined || url === undefined) return refuse(asker, notFound(path));
  if (Number(request.headers.get("content-length") ?? 0) > PASSED_BYTES_MAX) return refuse(asker, tooLarge());
  const headers = headersFor(engine, provider, request.headers);
  if (isFault(headers)) return refuse(asker, headers);
  // Large files take their time; the exchange has its own limit of silence.
  passed.patient(request);
  const exchange = new Exchange(engine, request, open);
  const upload = exchange.upload();
  const response = await exchange.send({ method, url, headers, connectMs: CONNECT_MS, ...(upload && { upload }) });
  if (isFault(response)) return refuse(asker, response);
  try {
    const { id, dialect } = asker;
    asker.asides?.passed({ id, dialect, status: response.status, method, path, provider: provider.name });
    return exchange.answer(response, asker);
  } catch (error) {
    // Headers are the provider's own, and the platform refuses some: the exchange must be counted out all the same.
    const reason = fault("malformed-reply", "the provider's answer cannot be passed on");
    const message = error instanceof Error ? error.message : String(error);
    engine.emit({ type: "bug", atMs: engine.runtime.clock.now(), call: asker.id, message });
    exchange.end(response.body, reason);
    return refuse(asker, reason);
  }
}

function refusedBy({ settings }: Engine, path: string, { routes }: Tenant): Fault | undefined {
  if (!settings.passthrough) return notFound(path, "this gateway passes nothing through (`passthrough: off`)");
  // Any model of the provider could be reached there.
  return routes === undefined
    ? undefined
    : fault("forbidden", "This key is limited to routes: it may not use paths that are passed through.");
}

function notFound(path: string, why = "nobody to pass it through to"): Fault {
  const what = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return fault("not-found", `No such path: ${what}, and ${why}. See docs/reference/http.md.`);
}

function tooLarge(): Fault {
  return fault("too-large", `The request is over the limit of ${PASSED_BYTES_MAX} bytes.`);
}

/** The provider's url takes the place of ours; `undefined` for a path that would leave it by dots. */
function addressOf(provider: ProviderSettings, path: string, query: string): string | undefined {
  // As its SDK takes it: an OpenAI url ends with the version, an Anthropic url stands before it.
  const inside = provider.dialect === "openai-chat" ? path.slice("/v1".length) : path;
  const base = parsed(`${provider.url}/`)?.pathname;
  const url = parsed(provider.url + inside + query);
  const within = provider.dialect === "openai-chat" ? base : base && `${base}v1/`;
  return url !== undefined && within !== undefined && url.pathname.startsWith(within) ? url.href : undefined;
}

/** `URL.parse`, which not every Node 20 has. */
function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function headersFor(engine: Engine, settings: ProviderSettings, given: Headers) {
  const { cells, secrets, runtime } = engine;
  const keyring = createKeyring({ provider: settings, model: "", cells, secrets }, () => undefined);
  const slot = keyring.take(runtime.clock.now());
  if (slot === undefined) return fault("credential-rejected", "No key of this provider could be read.");
  const passed = passedRequestHeaders(given);
  const own = createProvider(settings).authorize(slot.value, passed);
  const { "content-type": type, accept, ...rest } = { ...own, ...passed };
  return { ...rest, ...(passed["content-type"] && type && { "content-type": type }), accept: passed.accept ?? "*/*" };
}

/** One request and its answer: both bodies flow, one timer stands for their silence, one token for their end. */
class Exchange {
  readonly #engine: Engine;
  readonly #request: Request;
  readonly #open: Open;
  readonly #cancel = new CancelSource();
  readonly #timer: LazyDeadline;
  #uploading: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #over = false;

  constructor(engine: Engine, request: Request, open: Open) {
    this.#engine = engine;
    this.#request = request;
    this.#open = open;
    this.#open.open++;
    this.#timer = new LazyDeadline(engine.runtime.clock, () =>
      this.#cancel.cancel(fault("idle-timeout", "no byte in either direction for ten minutes")),
    );
    this.#timer.move(SILENCE_MS);
    request.signal.addEventListener("abort", this.#left);
  }

  upload(): ReadableStream<Uint8Array> | undefined {
    if (this.#request.body === null) return undefined;
    const reader: ReadableStreamDefaultReader<Uint8Array> = this.#request.body.getReader();
    this.#uploading = reader;
    let length = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        this.#timer.move(SILENCE_MS);
        if (done) return controller.close();
        length += value.length;
        if (length > PASSED_BYTES_MAX) {
          this.#cancel.cancel(tooLarge());
          controller.error(new Error("over the limit"));
          await reader.cancel();
        } else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }

  async send(request: WireRequest): Promise<WireResponse | Fault> {
    const response = await this.#engine.runtime.transport(request, this.#cancel);
    if (isFault(response)) this.#finish();
    return response;
  }

  answer({ status, headers, body }: WireResponse, asker: Asker): Response {
    const passed = {
      ...passedResponseHeaders(headers),
      "x-holdfast-call": asker.id,
      "x-holdfast-degraded": "passthrough",
    };
    if (status < 200 || status > 599) {
      const reason = fault("malformed-reply", `the provider answered ${status}, which is no status of HTTP`);
      this.end(body, reason);
      return refuse(asker, reason);
    }
    if (BODILESS.has(status) || this.#request.method === "HEAD") {
      this.end(body, fault("superseded", "an answer without content"));
      return new Response(null, { status, headers: passed });
    }
    return new Response(this.#download(body), { status, headers: passed });
  }

  #download(body: Body): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const chunk = await body.read();
        this.#timer.move(SILENCE_MS);
        if (chunk instanceof Uint8Array) return controller.enqueue(chunk);
        this.#finish();
        // Half an answer must not look whole.
        if (chunk === undefined) controller.close();
        else controller.error(new Error(chunk.message));
      },
      cancel: () => {
        body.cancel(fault("cancelled", "the client left"));
        this.#finish();
      },
    });
  }

  readonly #left = (): void => {
    this.#cancel.cancel(fault("cancelled", "the client left"));
  };

  /** Nothing of the answer's body is wanted. */
  end(body: Body, reason: Fault): void {
    body.cancel(reason);
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#open.open--;
    this.#timer.stop();
    // A provider may answer before it has read the whole: what is left is of no use to it.
    this.#uploading?.cancel().catch(ignore);
    this.#request.signal.removeEventListener("abort", this.#left);
  }
}

function ignore(): void {}
