// Kept answers as the policy that reads them sees them; what is behind it is in `answers/`.

import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";
import type { Scope, Service } from "./service.ts";

/** What is kept, as this policy sees it. */
export interface Desk {
  /** A kept answer that may be given now; `undefined`: none. */
  give(call: Call, scope: Scope): Reply | undefined;
  /** The same, else asks a target, together with whoever asks the very same now. */
  giveOrAsk(call: Call, scope: Scope, next: Service): Reply | Promise<Reply>;
}
