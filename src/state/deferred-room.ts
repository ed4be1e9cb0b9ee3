// How much room deferred calls take, in all and for each tenant, so that one tenant cannot fill the disk or take the others'
// turn. Kept in memory beside the store: it is asked with every call that is to be deferred.

const JOBS_MAX = 20_000;
export const TENANT_JOBS_MAX = 10_000;
const BYTES_MAX = 536_870_912;
const TENANT_BYTES_MAX = 268_435_456;
/** One call, or one reply. */
export const JOB_BYTES_MAX = 8_388_608;

interface Share {
  jobs: number;
  waiting: number;
  bytes: number;
  /** Asked for and not yet written. */
  reservedJobs: number;
  reservedBytes: number;
}

export interface Room {
  readonly jobs: number;
  readonly bytes: number;
  readonly waiting: number;
  waitingOf(tenant: string): number;
  /** Why there is none, in words. */
  reserve(tenant: string, bytes: number): string | undefined;
  unreserve(tenant: string, bytes: number): void;
  /** What is there from now on, and no more where a number is below 0. */
  add(tenant: string, more: { readonly jobs: number; readonly bytes: number; readonly waiting: number }): void;
}

type Found = Parameters<Room["add"]>[1] & { readonly tenant: string };

export function createRoom(found: readonly Found[]): Room {
  const shares = new Map<string, Share>();
  const all = emptyShare();
  const change = (tenant: string, by: (share: Share) => void): void => {
    const share = shares.get(tenant) ?? emptyShare();
    by(share);
    by(all);
    if (share.jobs > 0 || share.reservedJobs > 0) shares.set(tenant, share);
    else shares.delete(tenant);
  };
  const reserve = (tenant: string, jobs: number, bytes: number): void =>
    change(tenant, (share) => {
      share.reservedJobs += jobs;
      share.reservedBytes += bytes;
    });
  const add: Room["add"] = (tenant, more) =>
    change(tenant, (share) => {
      share.jobs += more.jobs;
      share.bytes += more.bytes;
      share.waiting += more.waiting;
    });
  for (const { tenant, ...more } of found) add(tenant, more);
  return {
    get jobs() {
      return all.jobs;
    },
    get bytes() {
      return all.bytes;
    },
    get waiting() {
      return all.waiting;
    },
    waitingOf: (tenant) => shares.get(tenant)?.waiting ?? 0,
    reserve(tenant, bytes) {
      if (bytes > JOB_BYTES_MAX) return `the call is over the limit of ${JOB_BYTES_MAX} bytes for deferred calls`;
      const share = shares.get(tenant);
      if (share !== undefined && isFull(share, bytes, TENANT_JOBS_MAX, TENANT_BYTES_MAX)) {
        return "there is no room for more deferred calls of this key";
      }
      if (isFull(all, bytes, JOBS_MAX, BYTES_MAX)) return "there is no room for more deferred calls";
      reserve(tenant, 1, bytes);
      return undefined;
    },
    unreserve: (tenant, bytes) => reserve(tenant, -1, -bytes),
    add,
  };
}

function isFull(share: Share, bytes: number, jobsMax: number, bytesMax: number): boolean {
  return share.jobs + share.reservedJobs >= jobsMax || share.bytes + share.reservedBytes + bytes > bytesMax;
}

function emptyShare(): Share {
  return { jobs: 0, waiting: 0, bytes: 0, reservedJobs: 0, reservedBytes: 0 };
}
