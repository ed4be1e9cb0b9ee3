// Hands facts to those who read them. A reader names the types of fact that it reads, so that all others pass it by: most
// readers want the end of a call and nothing of what came before.

import type { GatewayEvent } from "./gateway-event.ts";

type Type = GatewayEvent["type"];
type Handler<Context> = (event: GatewayEvent, context: Context) => void;

/** What to do at a fact of each type, or at every fact. `Context` comes along with the fact. */
export type FactReader<Context = void> =
  | { readonly [T in Type]?: (event: Extract<GatewayEvent, { type: T }>, context: Context) => void }
  | Handler<Context>;

/** Tells the readers one after the other; one that throws is left out for that fact and harms nobody else. */
export function tellAll<Context = void>(readers: readonly FactReader<Context>[]): Handler<Context> {
  const byType = new Map<Type, readonly Handler<Context>[]>();
  const find = (type: Type): readonly Handler<Context>[] => {
    const found = readers.flatMap((reader) => {
      // What a table has under a type takes the facts of that type.
      return typeof reader === "function" ? reader : ((reader[type] as Handler<Context> | undefined) ?? []);
    });
    byType.set(type, found);
    return found;
  };
  return (event, context) => {
    for (const handler of byType.get(event.type) ?? find(event.type)) {
      try {
        handler(event, context);
      } catch {
        // Seeing is not serving: one reader's fault is not the others'.
      }
    }
  };
}
