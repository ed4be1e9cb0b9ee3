// What the Standard Webhooks specification takes for a secret to sign with: `whsec_` and 24 to 64 bytes in base64.

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const BYTES_LEAST = 24;
const BYTES_MOST = 64;

export function isWebhookSecret(text: string): boolean {
  const base64 = SECRET.exec(text)?.[1];
  if (base64 === undefined || base64.length % 4 !== 0) return false;
  const bytes = Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
  return bytes >= BYTES_LEAST && bytes <= BYTES_MOST;
}
