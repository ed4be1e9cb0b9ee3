// A data path that was written with a slip, nearly always in a client's base URL: `/v1` twice or not at all, a slash too many,
// percent-encoding. Such a call is told what was meant; it is neither guessed at nor passed through without protection.

/** The one of `paths` that was meant; `undefined` where none was, or where it is the path itself. */
export function meantPath(path: string, paths: readonly string[]): string | undefined {
  if (path.length > LENGTH_MAX) return undefined;
  const plain = unescaped(path)
    .replace(/\/{2,}/g, "/")
    .replace(/\/$/, "")
    .replace(/^(?:\/v1)*(?=\/|$)/, "/v1");
  return plain !== path && paths.includes(plain) ? plain : undefined;
}

const LENGTH_MAX = 200;

/** Without percent-encoding: `/v1/%6dessages` is the same path to many a provider. */
function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
