// Evidence that a target's streams crawl, from those under way: what has slowed down is left while its streams still drip,
// not when they end, if they ever do. A few of them are watched, each in windows of ten seconds of writing, and looked at when
// calls come by; nothing is done for a frame. Judged is the rate of events against what the target used to write, pauses of
// its readers apart. A window without any event is silence, which is others' business. Pure rules over a cell, O(1) an event.

import type { BeliefCell } from "../core/cell.ts";
import type { FlowPlace } from "../core/pace-cell.ts";
import type { StreamUnderWay } from "../core/reply.ts";
import { bounded, isCalm, judged, learn, SEEN_MIN, slowest } from "./slowness.ts";

/** Streams that are watched at a time: each is let go once it has crawled, so that they are a fair sample of those that begin. */
const PLACES = 8;
const LOOK_EVERY_MS = 250;
const WINDOW_MS = 10_000;
/** A stream crawls below this share of the slowest twentieth. */
const CRAWL_SHARE = 0.2;
const CRAWLED = 3;
const FLOWED = -1;
/** Shorter ones show nothing. */
const WRITTEN_MIN = 5;
const WRITING_MIN_MS = 20;

/** A stream has begun to write. Its place, for `streamEnded`; `undefined`: enough are watched. */
export function streamBegan(
  { flow: { places } }: BeliefCell,
  stream: StreamUnderWay,
  nowMs: number,
): FlowPlace | undefined {
  for (let at = 0; at < PLACES; at++) {
    const place = places[at] ?? { stream: undefined, fromMs: 0, fromWritten: 0 };
    if (place.stream !== undefined) continue;
    places[at] = place;
    place.stream = stream;
    beginWindow(place, stream, nowMs);
    return place;
  }
  return undefined;
}

export interface StreamEnded {
  readonly place: FlowPlace;
  readonly stream: StreamUnderWay;
  /** It came to its own end. */
  readonly whole: boolean;
}

/** Of a watched one. True: the target has become slow, or well again. */
export function streamEnded(cell: BeliefCell, { place, stream, whole }: StreamEnded, nowMs: number): boolean {
  const { pace } = cell.flow;
  const writingMs = stream.writingMs(nowMs);
  const shows = whole && stream.written >= WRITTEN_MIN && writingMs >= WRITING_MIN_MS;
  // One that crawled has been let go and has had its say; its place may be another's.
  if (place.stream !== stream) return false;
  if (shows) {
    if (pace.seen >= SEEN_MIN) noteWindow(cell, place, stream, nowMs);
    learn(pace, Math.log((stream.written * 1_000) / writingMs), isCalm(cell));
  }
  place.stream = undefined;
  return judged(cell, nowMs);
}

/** To be called with each call that comes by. True: the target has become slow. */
export function lookAtStreams(cell: BeliefCell, nowMs: number): boolean {
  const { flow } = cell;
  const sinceMs = nowMs - flow.lookedAtMs;
  if (flow.places.length === 0 || (sinceMs >= 0 && sinceMs < LOOK_EVERY_MS)) return false;
  flow.lookedAtMs = nowMs;
  if (flow.pace.seen < SEEN_MIN) return false;
  let isNews = false;
  for (const place of flow.places) {
    const { stream } = place;
    if (stream === undefined || stream.writingMs(nowMs) - place.fromMs < WINDOW_MS) continue;
    noteWindow(cell, place, stream, nowMs);
    if (judged(cell, nowMs)) isNews = true;
  }
  return isNews;
}

/** Everything that is watched is seen as if it began now: what the clock says of before is not to be trusted. */
export function beginAnew({ flow: { places } }: BeliefCell, nowMs: number): void {
  for (const place of places) if (place.stream !== undefined) beginWindow(place, place.stream, nowMs);
}

function noteWindow(cell: BeliefCell, place: FlowPlace, stream: StreamUnderWay, nowMs: number): void {
  const { pace } = cell.flow;
  const tookMs = stream.writingMs(nowMs) - place.fromMs;
  const written = stream.written - place.fromWritten;
  beginWindow(place, stream, nowMs);
  if (written <= 0 || !(tookMs > 0)) return;
  const perS = (written * 1_000) / tookMs;
  const crawls = tookMs >= WINDOW_MS && perS < CRAWL_SHARE * slowest(pace);
  cell.crawling = bounded(cell.crawling + (crawls ? CRAWLED : FLOWED));
  if (!crawls) return;
  learn(pace, Math.log(perS), false);
  place.stream = undefined;
}

function beginWindow(place: FlowPlace, stream: StreamUnderWay, nowMs: number): void {
  place.fromMs = stream.writingMs(nowMs);
  place.fromWritten = stream.written;
}
