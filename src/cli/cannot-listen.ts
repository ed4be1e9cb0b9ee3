// Why a port could not be had, and what to do about it, in words that do not depend on the platform's own.

import type { Settings } from "../core/settings.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "the port is in use, perhaps by another gateway; stop that one, or take another with --port (0: any free one)",
  EADDRNOTAVAIL: "no such address on this machine",
  EACCES: "this user may not listen there; ports from 1024 up are free for all",
};

export function cannotListen({ host, port }: Settings["listen"], error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return `cannot listen on ${host}:${port}: ${known ?? (error instanceof Error ? error.message : String(error))}`;
}
