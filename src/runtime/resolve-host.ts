// The addresses behind a host's name, as this machine resolves it.

import { lookup } from "node:dns/promises";

export async function resolveHost(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}
