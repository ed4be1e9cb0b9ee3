// Lets everything that waits for nothing but microtasks run to its end, between two events of virtual time. Under Bun that
// is one synchronous call; elsewhere a turn of the event loop, which no virtual time sees.

/** `undefined` when all was done synchronously; else a promise to wait for. */
export type Drain = () => Promise<void> | undefined;

/** The cheapest drain this platform has. */
export async function loadDrain(): Promise<Drain> {
  try {
    const { drainMicrotasks } = await import("bun:jsc");
    return () => {
      drainMicrotasks();
      return undefined;
    };
  } catch {
    return turnLoop;
  }
}

/** One turn of the event loop: where an unhandled rejection shows itself. */
export function turnLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
