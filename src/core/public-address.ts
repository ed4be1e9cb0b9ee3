// Which addresses are the public internet's. For what a stranger names (a redirect, a feed's link): it must not lead into
// the network that the gateway runs in. What stands in the configuration is trusted and not judged here.

/** `address`: an IP address in its usual text form; anything else is not public. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").toLowerCase();
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(bare)) return isPublicV4(bare.split(".").map(Number));
  if (!bare.includes(":") || bare.includes("%")) return false;
  const mapped = /^(?:::ffff:|64:ff9b::)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare)?.[1];
  if (mapped !== undefined) return isPublicV4(mapped.split(".").map(Number));
  // Global unicast alone; of it not documentation, 6to4, Teredo and their like, which may carry any v4 address inside.
  return /^[23][0-9a-f]{3}:/.test(bare) && !/^(?:2001:(?:0{0,3}[0-9a-f]?:|db8:|1?0{0,2}:)|2002:|3fff:)/.test(bare);
}

function isPublicV4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): boolean {
  if (Math.max(a, b, c, d) > 255) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >= 64 && b < 128) return false;
  if (a === 169 && b === 254) return false;
  if (a === 172 && b >= 16 && b < 32) return false;
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))) return false;
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false;
  return !(a === 203 && b === 0 && c === 113);
}
