// Starts the processes of a run and ends them all with it. It knows nothing of what they do.

export interface Server {
  readonly url: string;
  readonly pid: number;
  /** From exec to its ready line. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export interface ServerPlan {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Matches the ready line; its first group is the URL. */
  readonly ready: RegExp;
}

const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const OUTPUT_KEPT_CHARS = 2_000;

const living = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** `fetch` queues silently beyond 256 requests of a process unless this is in its environment from the start. */
const BASE_ENV = { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000" };

function start(command: readonly string[], env: Readonly<Record<string, string>>) {
  const child = Bun.spawn([...command], {
    env: { ...BASE_ENV, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  living.add(child);
  child.exited.then(() => living.delete(child));
  return child;
}

/** Reads to the end, so that a full pipe never stops the process, and keeps the last of it. */
async function drain(stream: ReadableStream<Uint8Array>, onText: (kept: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let kept = "";
  for await (const chunk of stream) {
    kept = (kept + decoder.decode(chunk, { stream: true })).slice(-OUTPUT_KEPT_CHARS);
    onText(kept);
  }
}

/** Starts a server and waits for its ready line. Throws with its last output when it does not come. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  const startedMs = performance.now();
  const child = start(plan.command, plan.env);
  let output = "";
  let errors = "";
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; readyMs: number }>();
  const fail = (why: string): void => reject(new Error(`${plan.command.join(" ")}: ${why}\n${output}${errors}`));
  const timer = setTimeout(() => fail("not ready in time"), READY_LIMIT_MS);
  const watched = drain(child.stdout, (text) => {
    output = text;
    const url = plan.ready.exec(text)?.[1];
    if (url !== undefined) resolve({ url, readyMs: performance.now() - startedMs });
  });
  drain(child.stderr, (text) => {
    errors = text;
  });
  watched.then(() => child.exited).then((code) => fail(`ended with code ${code}`));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await child.exited;
    clearTimeout(killer);
  };
  try {
    return { ...(await promise), pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program of the bench to its end and gives its standard output. */
export async function runProgram(command: readonly string[]): Promise<string> {
  const child = start(command, {});
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[1]} ended with code ${code}\n${errors}`);
  return output;
}
