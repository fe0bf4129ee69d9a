import type { BucketOutputs, BucketWant } from "../../controllers/leaf/wants.ts";
import {
  byBytes,
  type Copied,
  copyAll,
  type Item,
  momentBegun,
  patiently,
  RESTORED_AT,
  restoreMark,
  type Watching,
} from "../../operator/provider/copying.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Call, Present } from "../../operator/provider/provider.ts";
import { toBucket } from "./bucket-shape.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { shortName } from "./names.ts";
import type { Bucket, StorageObject } from "./storage.ts";

const AT_ONCE = 16;
const DAY_MS = 86_400_000;

type Seen = Present<BucketWant, BucketOutputs>;

/** A generation that was live at the moment. */
interface Live extends Item {
  readonly object: StorageObject;
  /** Only soft delete keeps it: it can be brought back in its own bucket and not be copied. */
  readonly soft: boolean;
}

/**
 * `onyx restore bucket`: the generations that were live at the moment are rewritten into a new bucket, within Cloud
 * Storage. What only soft delete keeps can't be read before it is restored where it was, so that is left to people.
 */
export function bucketRestorer(gcp: Gcp) {
  const { storage, place, now } = gcp;

  /** The moment of the copy that is there, or of a new one; null: what is there now. */
  async function begin(
    source: Bucket,
    to: { readonly name: string; readonly want: BucketWant },
    seen: Seen,
    asked: Date | undefined,
    call: Call,
  ): Promise<Date | null> {
    const keeps = source.versioning?.enabled === true;
    if (asked && !keeps) throw noVersions(source);
    const moment = asked ?? (keeps ? new Date(now()) : null);
    if (moment) refuseTooEarly(source, moment, now());
    const there = await storage.bucket(to.name, call.signal);
    if (there === undefined) {
      const tags = { ...ownerTags(seen.owner ?? call.owner), [RESTORED_AT]: restoreMark(moment) };
      await letServiceUseKey(gcp, "storage", to.want.encryptionKey, call.signal);
      // Lifecycle and retention come when the object takes it up: they are not to touch what is being copied.
      const want = { ...to.want, tags, lifecycle: [], retention: null, versioning: false, softDeleteDays: 0 };
      await storage.create(to.name, toBucket(want, place.region), call.signal);
      return moment;
    }
    return momentBegun(to.name, there.labels?.[RESTORED_AT], asked);
  }

  async function* live(
    bucket: string,
    kept: "versions" | "softDeleted",
    moment: Date | null,
    call: Call,
    { pause }: Watching,
  ): AsyncGenerator<Live> {
    let next: string | undefined;
    do {
      const page = await patiently(() => storage.objects(bucket, kept, next, call.signal), pause);
      for (const object of page.objects)
        if (isLiveAt(object, moment))
          yield { name: object.name, bytes: Number(object.size), object, soft: kept === "softDeleted" };
      next = page.next;
    } while (next !== undefined);
  }

  async function* names(bucket: string, call: Call, watching: Watching): AsyncGenerator<string> {
    for await (const { name } of live(bucket, "versions", null, call, watching)) yield name;
  }

  return async (
    seen: Seen,
    to: { readonly name: string; readonly want: BucketWant },
    asked: Date | undefined,
    call: Call,
    watching: Watching,
  ): Promise<Copied> => {
    const from = shortName(seen.id);
    const source = await storage.bucket(from, call.signal);
    if (source === undefined)
      throw new ProviderError("notFound", `The bucket ${from} is not there any more.`, { code: "NOT_FOUND" });
    const moment = await begin(source, to, seen, asked, call);
    const versions = live(from, "versions", moment, call, watching);
    const keptSoftly = moment !== null && Number(source.softDeletePolicy?.retentionDurationSeconds ?? 0) > 0;
    return copyAll<Live>({
      ...watching,
      wanted: keptSoftly ? merged(versions, live(from, "softDeleted", moment, call, watching)) : versions,
      there: names(to.name, call, watching),
      atOnce: AT_ONCE,
      async copy({ object, soft }) {
        if (soft)
          return `only soft delete keeps it: bring it back in its own bucket with gcloud storage restore "gs://${from}/${object.name}#${object.generation}"`;
        try {
          await storage.rewrite(from, object, to.name, call.signal);
          return undefined;
        } catch (error) {
          return reasonOf(error);
        }
      },
    });
  };
}

/** @param moment null: now */
function isLiveAt({ timeCreated, timeDeleted, softDeleteTime }: StorageObject, moment: Date | null): boolean {
  const ended = timeDeleted ?? softDeleteTime;
  if (moment === null) return ended === undefined;
  return Date.parse(timeCreated) <= moment.getTime() && (ended === undefined || Date.parse(ended) > moment.getTime());
}

/** Both lists in one, in order; where a name is in both, the first list has it. */
async function* merged(first: AsyncIterable<Live>, second: AsyncIterable<Live>): AsyncGenerator<Live> {
  const others = second[Symbol.asyncIterator]();
  let other = await others.next();
  let last: string | undefined;
  for await (const one of first) {
    for (; !other.done && byBytes(other.value.name, one.name) < 0; other = await others.next())
      if (other.value.name !== last) {
        last = other.value.name;
        yield other.value;
      }
    last = one.name;
    yield one;
  }
  for (; !other.done; other = await others.next())
    if (other.value.name !== last) {
      last = other.value.name;
      yield other.value;
    }
}

function noVersions({ name, softDeletePolicy }: Bucket): ProviderError {
  const soft = Number(softDeletePolicy?.retentionDurationSeconds ?? 0) > 0;
  const instead = soft
    ? `Soft delete keeps what was deleted or overwritten, to be brought back in its own bucket: gcloud storage restore "gs://${name}/**".`
    : "Without a moment it is copied as it is now.";
  return new ProviderError(
    "invalid",
    `The bucket ${name} keeps no versions, so there is no earlier moment to copy. ${instead}`,
    { code: "NO_VERSIONS" },
  );
}

/** Refuses what can't be told any more, since a rule lets old versions go. */
function refuseTooEarly({ name, lifecycle }: Bucket, moment: Date, now: number): void {
  for (const { action, condition } of lifecycle?.rule ?? []) {
    if (action.type !== "Delete" || condition.isLive === true) continue;
    const days = condition.daysSinceNoncurrentTime ?? 0;
    const floor = now - days * DAY_MS;
    if (moment.getTime() < floor)
      throw new ProviderError(
        "invalid",
        `The bucket ${name} lets old versions go after ${days} days, by a rule of its lifecycle, so what it held at ${moment.toISOString()} can't be told any more. Choose a moment after ${new Date(floor).toISOString()}.`,
        { code: "TOO_EARLY" },
      );
  }
}

/** What stands in the way of one object and not of the others; undefined: it is there. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof ProviderError)) throw error;
  const [code, reason = ""] = error.code.split("/");
  // Another run has copied it in between.
  if (code === "ABORTED") return undefined;
  if (code === "NOT_FOUND") return "Cloud Storage has taken that version away meanwhile";
  if (/CustomerEncryptionKey/i.test(reason))
    return "its content is encrypted with a key that only its writer has (CSEK)";
  throw error;
}
