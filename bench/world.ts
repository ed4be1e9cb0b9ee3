// The processes of one scenario and what can be done with them: set the pace of the mock provider, check one reply in
// full, run a load and see what it cost. Which loads, and what is made of the figures, is the scenarios' matter.

import { join } from "node:path";
import { type Environment, type Subject, startSubject, startUpstream } from "./gateway.ts";
import type { Job, Outcome } from "./load.ts";
import { cpuMs } from "./measure.ts";
import {
  type BenchDialect,
  PATHS,
  requestBody,
  requestHeaders,
  streamPayload,
  textOf,
  wholePayload,
} from "./payload.ts";
import { runProgram, type Server } from "./spawn.ts";

export interface Pace {
  readonly events: number;
  readonly intervalMs: number;
}

/** Who is asked, in which dialect, by which route. The relays take any model. */
export interface Ask {
  readonly server: Server;
  readonly dialect: BenchDialect;
  readonly model: string;
  readonly stream: boolean;
}

export interface World {
  readonly upstream: Server;
  readonly servers: Readonly<Partial<Record<Subject, Server>>>;
  pace(pace: Pace): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the mock provider and the subjects in front of it. */
export async function startWorld(subjects: readonly Subject[], noise: boolean, env?: Environment): Promise<World> {
  const upstream = await startUpstream();
  const servers: Partial<Record<Subject, Server>> = {};
  const stop = async (): Promise<void> => {
    await Promise.all([...Object.values(servers), upstream].map((server) => server.stop()));
  };
  try {
    for (const subject of subjects) servers[subject] = await startSubject(subject, upstream.url, noise, env);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    upstream,
    servers,
    async pace({ events, intervalMs }) {
      await fetch(`${upstream.url}/bench/pace?events=${events}&interval=${intervalMs}`);
    },
    stop,
  };
}

/** The server of a subject that this world was started with. */
export function serverOf(world: World, subject: Subject): Server {
  const server = world.servers[subject];
  if (server === undefined) throw new Error(`${subject} was not started`);
  return server;
}

/** Asks once and compares the whole text: counting marks shows loss, this shows damage. Throws when it differs. */
export async function verify(ask: Ask, events: number): Promise<void> {
  const response = await fetch(ask.server.url + PATHS[ask.dialect], {
    method: "POST",
    headers: requestHeaders(ask.dialect),
    body: requestBody(ask.dialect, ask.model, ask.stream),
  });
  const body = await response.text();
  const expected = ask.stream ? streamPayload(ask.dialect, events, false).text : wholePayload(ask.dialect).text;
  if (response.status !== 200 || textOf(ask.dialect, ask.stream, body) !== expected) {
    throw new Error(
      `${ask.model} (${ask.dialect}): status ${response.status}, not the text that was sent\n${body.slice(0, 2000)}`,
    );
  }
}

/** Runs one load in its own process. */
export async function runLoad(job: Job): Promise<Outcome> {
  const output = await runProgram([process.execPath, join(import.meta.dir, "load.ts"), JSON.stringify(job)]);
  // load.ts prints one `Outcome`.
  return JSON.parse(output) as Outcome;
}

/** Runs one load and gives the CPU time that the asked server's process spent meanwhile. */
export async function costOf(ask: Ask, job: Job): Promise<{ cpuMs: number; outcome: Outcome }> {
  const before = cpuMs(ask.server.pid);
  const outcome = await runLoad(job);
  return { cpuMs: cpuMs(ask.server.pid) - before, outcome };
}
