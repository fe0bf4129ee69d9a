import type { BucketOutputs, BucketWant } from "../../controllers/leaf/wants.ts";
import { RESTORED_AT } from "../../operator/provider/copying.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, type Owner, ownerOf, type Tags } from "../../operator/provider/owner.ts";
import type { At, Call, Created, Observation, Present, Provider } from "../../operator/provider/provider.ts";
import { bucketDeliverers } from "./bucket-deliverers.ts";
import { bucketNotifications } from "./bucket-notifications.ts";
import { bucketReplication } from "./bucket-replication.ts";
import { bucketRestorer } from "./bucket-restore.ts";
import { actualBucket, fitBucket, labelPatch, locationOf, outputsOf, patchOf, toBucket } from "./bucket-shape.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { bucketName, shortName } from "./names.ts";
import { checkTargets, footprintOf } from "./notification-shape.ts";
import { marksOf, mayTake, without } from "./owner.ts";
import { checkReplica } from "./replication-shape.ts";
import type { Bucket } from "./storage.ts";

type Seen = Present<BucketWant, BucketOutputs>;

/**
 * A Bucket is one bucket of Cloud Storage, made with all that it should be in one call; its labels are our marks. Only the
 * lock of a retention comes after, as a call of its own that can't be undone.
 *
 * The names of buckets are everybody's. A bucket of another project is there and not ours, whatever labels it carries: who
 * takes a name on purpose can label it as we would.
 */
export function bucketProvider(gcp: Gcp): Provider<BucketWant, BucketOutputs> {
  const { place, storage } = gcp;
  const { region } = place;
  const notifications = bucketNotifications(gcp);
  const replication = bucketReplication(gcp);
  const deliverers = bucketDeliverers(gcp);

  /** Undefined: nobody has a bucket of that name. "foreign": somebody else has. */
  async function find(name: string, call: Call): Promise<Bucket | "foreign" | undefined> {
    try {
      const found = await storage.bucket(name, call.signal);
      if (found === undefined) return undefined;
      return found.projectNumber === (await gcp.projectNumber(call.signal)) ? found : "foreign";
    } catch (error) {
      // Google tells somebody else's bucket from our own missing right by nothing; the list of our buckets does.
      if (isDenied(error) && !(await storage.isOurs(name, call.signal))) return "foreign";
      throw error;
    }
  }

  async function observe(at: At, call: Call): Promise<Observation<BucketWant, BucketOutputs>> {
    const name = at.id ? shortName(at.id) : at.name;
    const found = await find(name, call);
    if (found === undefined) return { exists: false };
    const id = bucketName(name);
    if (found === "foreign")
      return {
        exists: true,
        id,
        phase: "ready",
        message: `A bucket named ${name} belongs to another project. Give another externalName.`,
        actual: {},
        outputs: outputsOf(name, region),
      };
    const actual = actualBucket(found, region);
    const [told, copied, delivering] = await sideBySide([
      notifications.actual(name, at.footprint, call),
      replication.actual(found, call),
      deliverers.actual(found, call),
    ]);
    return {
      exists: true,
      id,
      owner: ownerOf(found.labels ?? {}),
      phase: "ready",
      actual: { ...actual, notifications: told, replicateTo: copied, deliverers: delivering },
      outputs: outputsOf(name, found.location ?? region),
    };
  }

  async function create(name: string, want: BucketWant, call: Call): Promise<Created<BucketOutputs>> {
    const id = bucketName(name);
    await useKey(want, call);
    try {
      await storage.create(name, toBucket(want, region), call.signal);
      // A lock, notifications, copies and who delivers are still to come: the next look says so.
      const more =
        want.retention?.lock ||
        want.notifications.length > 0 ||
        want.replicateTo !== null ||
        want.deliverers.length > 0;
      return more ? { id } : { id, outputs: foresee(name, want) };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      refuseForeign(name, await find(name, call), call.owner);
      return { id };
    }
  }

  const useKey = ({ encryptionKey }: BucketWant, call: Call) =>
    step(`let Cloud Storage use the key ${encryptionKey}`, () =>
      letServiceUseKey(gcp, "storage", encryptionKey, call.signal),
    );

  const foresee = (name: string, want: BucketWant): BucketOutputs => outputsOf(name, locationOf(want, region));

  async function update(
    seen: Seen,
    want: BucketWant,
    changed: ReadonlySet<keyof BucketWant & string>,
    call: Call,
  ): Promise<void> {
    const name = shortName(seen.id);
    if (changed.has("encryptionKey")) await useKey(want, call);
    // What tells of a deleted object depends on whether versions are kept: cut off after this, versioning is still due.
    if (changed.has("notifications") || (changed.has("versioning") && want.notifications.length > 0))
      await notifications.ensure(name, want, seen.actual.notifications ?? [], call);
    const patch = patchOf(want, seen.actual, changed);
    if (Object.keys(patch).length > 0)
      await step(`update the bucket ${name}`, () => storage.patch(name, patch, call.signal));
    if (changed.has("deliverers")) await deliverers.ensure(name, want, call);
    if (changed.has("replicateTo")) await replication.ensure(name, want, call);
    if (changed.has("retention") && want.retention?.lock && seen.actual.retention?.lock !== true)
      await step(`lock the retention of ${name}`, () => lock(name, want.retention?.days ?? 0, call));
  }

  /** Locks just what spec asks for: a retention that somebody changes at this moment is left to the next pass. */
  async function lock(name: string, days: number, call: Call): Promise<void> {
    const live = await storage.bucket(name, call.signal);
    if (live === undefined || live.retentionPolicy?.isLocked) return;
    if (actualBucket(live, region).retention?.days !== days)
      throw new ProviderError("transient", `The retention of ${name} is being changed: it was not locked.`, {
        code: "ABORTED",
      });
    await storage.lockRetention(name, live.metageneration, call.signal);
  }

  async function label(seen: Seen, tags: Tags, call: Call): Promise<void> {
    const name = shortName(seen.id);
    const labels = labelPatch(tags, seen.actual.tags ?? {});
    if (Object.keys(labels).length === 0) return;
    await step(`label the bucket ${name}`, () => storage.patch(name, { labels }, call.signal));
  }

  return {
    service: "storage",
    ids: "derived",
    // Deliverers apart, the only override is where it is.
    immutable: ["overrides"],
    footprint: (want) => footprintOf(want.notifications),
    fit(want) {
      checkTargets(place.account, want.notifications);
      checkReplica(want.replicateTo);
      return fitBucket(want, region);
    },
    foresee,
    list: async ({ signal }) => (await storage.names(signal)).map((name) => ({ name, id: bucketName(name) })),
    observe,
    create,
    update,
    async delete(seen, at, call) {
      const name = shortName(seen.id);
      await notifications.remove(name, at.footprint, call);
      if (seen.actual.replicateTo) await replication.remove(name, call);
      await storage.delete(name, call.signal).catch(explainNotEmpty(name));
    },
    // Google deletes no bucket that holds an object or an old version, so nothing is lost that would need a word.
    isEmpty: async () => true,
    async adopt(seen, want, call) {
      // A look that saw nothing of it saw somebody else's.
      if (seen.actual.private === undefined) refuseForeign(shortName(seen.id), "foreign", call.owner);
      await label(seen, { ...marksOf(want.tags), [RESTORED_AT]: null }, call);
    },
    restoreByCopy: bucketRestorer(gcp),
    release: (seen, call) => label(seen, without(HOLDER_MARKS), call),
  };
}

const isDenied = (error: unknown): boolean =>
  error instanceof ProviderError && error.fault === "denied" && error.code.split("/")[0] === "PERMISSION_DENIED";

/** What a create found in its place must be ours: then a crash left it there. */
function refuseForeign(name: string, found: Bucket | "foreign" | undefined, me: Owner): void {
  if (found === undefined)
    throw new ProviderError("transient", `The bucket ${name} exists and can't be seen yet.`, {
      code: "ALREADY_EXISTS",
    });
  if (found !== "foreign" && mayTake(ownerOf(found.labels ?? {}), me)) return;
  throw new ProviderError(
    "conflict",
    found === "foreign"
      ? `The bucket ${name} belongs to another project: bucket names are everybody's. Give another externalName. It was left alone.`
      : `The bucket ${name} exists and does not carry our marks. It was left alone.`,
    { code: "ALREADY_EXISTS" },
  );
}

const explainNotEmpty = (name: string) => (error: unknown) => {
  if (!isAlreadyExists(error)) throw error;
  throw new ProviderError(
    "conflict",
    `The bucket ${name} still holds objects or old versions of objects, and only an empty one is deleted. Delete them, or set deletionPolicy to Retain to leave it there.`,
    { code: "NOT_EMPTY", cause: error },
  );
};
