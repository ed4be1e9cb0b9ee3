// What a lane around another passes on as it is. When it commits, and what of the other's bytes it lets out, is its own.

import type { Fault } from "../core/fault.ts";
import type { Words } from "../core/reply.ts";
import type { Usage } from "../core/usage.ts";
import type { Lane } from "./lane.ts";

export abstract class LaneAround {
  protected readonly lane: Lane;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  get received(): boolean {
    return this.lane.received;
  }

  get progress(): number {
    return this.lane.progress;
  }

  get stopped(): boolean {
    return this.lane.stopped;
  }

  get flaw(): Fault | undefined {
    return this.lane.flaw;
  }

  get usage(): Usage | undefined {
    return this.lane.usage;
  }

  told(): Words | undefined {
    return this.lane.told();
  }
}
