// How hard tests over many random or enumerated cases try: a tenth in `npm run check` and for whoever runs one file, all of
// it in `npm test`. Not for what is cheap.

/** `full` rounds in `npm test`, a tenth of them elsewhere. */
export function rounds(full: number): number {
  return process.env.TEST_EFFORT === "full" ? full : Math.ceil(full / 10);
}
