// Who may ask: gateway keys for the data paths, one admin key for `/admin`. Only hashes are compared, all of them and in
// constant time, so that neither a key nor its place in the list shows in how long a refusal takes.

import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Settings } from "../core/settings.ts";

/** Whose call it is, and which routes it may use (absent: all). */
export interface Tenant {
  readonly name: string;
  readonly routes?: readonly string[];
}

export interface Access {
  /** Data paths need a key. */
  readonly keyed: boolean;
  /** `/admin` needs the admin key. */
  readonly adminKeyed: boolean;
  /** `undefined`: no valid key. Without keys there is one tenant, `default`. */
  tenant(headers: Headers): Tenant | undefined;
  isAdmin(headers: Headers): boolean;
}

interface Known {
  readonly hash: Uint8Array;
  readonly tenant: Tenant;
}

const DEFAULT_TENANT: Tenant = { name: "default" };
/** Nothing longer is a key of ours: it is not worth hashing. */
const KEY_LENGTH_MAX = 512;

export function createAccess({ keys, adminKey }: Pick<Settings, "keys" | "adminKey">): Access {
  const known: readonly Known[] = keys.map(({ name, hash, routes }) => ({
    hash: hexToBytes(hash.slice("sha256:".length)),
    tenant: { name, ...(routes && { routes }) },
  }));
  const admin = adminKey === undefined ? undefined : hashOf(adminKey);
  return {
    keyed: known.length > 0,
    adminKeyed: admin !== undefined,
    tenant(headers) {
      if (known.length === 0) return DEFAULT_TENANT;
      for (const shown of shownKeys(headers)) {
        const tenant = find(known, hashOf(shown));
        if (tenant !== undefined) return tenant;
      }
      return undefined;
    },
    isAdmin: (headers) => admin !== undefined && shownKeys(headers).some((shown) => equal(hashOf(shown), admin)),
  };
}

/** SDKs of either dialect send their key in their own header; some send both, and one may be meant for someone else. */
function shownKeys(headers: Headers): readonly string[] {
  const direct = headers.get("x-api-key")?.trim();
  const bearer = /^bearer +(\S+)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1];
  return [direct, bearer].flatMap((key) => (key && key.length <= KEY_LENGTH_MAX ? [key] : []));
}

function find(known: readonly Known[], hash: Uint8Array): Tenant | undefined {
  let found: Tenant | undefined;
  for (const candidate of known) if (equal(candidate.hash, hash)) found ??= candidate.tenant;
  return found;
}

/** Without an early end. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

function hashOf(key: string): Uint8Array {
  return sha256(utf8ToBytes(key));
}
