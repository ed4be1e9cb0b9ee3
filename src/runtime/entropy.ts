// Secrets from the platform's own generator. Ids and jitter, which need no secrecy, come from `Runtime.random`.

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `length` letters of base 32 without those that are easily mistaken: 5 bits each. */
export function secretText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  // 256 is a multiple of 32: every letter is as likely as any other.
  return Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

export function secretBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
