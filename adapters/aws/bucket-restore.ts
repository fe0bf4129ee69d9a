import {
  CreateBucketCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import type { BucketOutputs, BucketWant } from "../../controllers/leaf/wants.ts";
import {
  type Copied,
  copyAll,
  momentBegun,
  patiently,
  RESTORED_AT,
  restoreMark,
  type Watching,
} from "../../operator/provider/copying.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Call, Present } from "../../operator/provider/provider.ts";
import type { BucketReader } from "./bucket-read.ts";
import { bucketArn } from "./bucket-read.ts";
import { locationIn, OWNER_ENFORCED } from "./bucket-shape.ts";
import type { BucketWriter } from "./bucket-write.ts";
import type { Aws } from "./clients.ts";
import { ask, required } from "./errors.ts";
import { objectCopier, type Version } from "./object-copy.ts";
import { tagList } from "./tags.ts";
import { entriesOf, liveAt } from "./versions.ts";

const AT_ONCE = 16;
const DAY_MS = 86_400_000;

/**
 * `onyx restore bucket`: S3 keeps versions and restores no bucket, so the versions that were in force at the moment are
 * copied. Whoever lets old versions go, by a lifecycle rule, gets no earlier moment than these reach back to.
 */
export function bucketRestorer(aws: Aws, read: BucketReader, write: BucketWriter) {
  const { s3, place } = aws;
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });

  /** @throws ProviderError invalid when what was there at that moment can't be told any more */
  async function refuseTooEarly(name: string, moment: Date, call: Call): Promise<void> {
    const rules = await read.lifecycle(name, call);
    for (const { ID = "", Status, NoncurrentVersionExpiration } of rules) {
      const days = NoncurrentVersionExpiration?.NoncurrentDays;
      const floor = aws.now() - (days ?? 0) * DAY_MS;
      if (Status === "Enabled" && days !== undefined && moment.getTime() < floor)
        throw new ProviderError(
          "invalid",
          `The bucket ${name} lets old versions go after ${days} days (lifecycle rule ${ID}), so what it held at ${moment.toISOString()} can't be told any more. Choose a moment after ${new Date(floor).toISOString()}.`,
          { code: "TooEarly" },
        );
    }
  }

  /** The moment of the copy that is there, or of a new one; null: what is there now. */
  async function begin(
    from: string,
    to: string,
    seen: Seen,
    asked: Date | undefined,
    call: Call,
  ): Promise<Date | null> {
    const keeps = (await read.versioning(from, call)) === "Enabled";
    if (asked && !keeps)
      throw new ProviderError(
        "invalid",
        `The bucket ${from} keeps no versions, so there is no earlier moment to go back to. Without a moment it is copied as it is now.`,
        { code: "NoVersions" },
      );
    const moment = asked ?? (keeps ? new Date(aws.now()) : null);
    if (moment) await refuseTooEarly(from, moment, call);
    const tags = await read.tags(to, call);
    if (tags === undefined) {
      const CreateBucketConfiguration = {
        ...locationIn(place.region),
        Tags: tagList({ ...ownerTags(seen.owner ?? call.owner), [RESTORED_AT]: restoreMark(moment) }),
      };
      const input = { Bucket: to, ObjectOwnership: OWNER_ENFORCED, CreateBucketConfiguration };
      await ask("S3 CreateBucket", s3.send(new CreateBucketCommand(input), { abortSignal: call.signal }));
      return moment;
    }
    return momentBegun(to, tags[RESTORED_AT], asked);
  }

  async function* versions(from: string, moment: Date, call: Call, { pause }: Watching): AsyncGenerator<Version> {
    async function* pages() {
      let next: Pick<ListObjectVersionsCommandOutput, "NextKeyMarker" | "NextVersionIdMarker"> = {};
      do {
        const input = { ...of(from), KeyMarker: next.NextKeyMarker, VersionIdMarker: next.NextVersionIdMarker };
        const page: ListObjectVersionsCommandOutput = await patiently(
          () =>
            ask("S3 ListObjectVersions", s3.send(new ListObjectVersionsCommand(input), { abortSignal: call.signal })),
          pause,
        );
        required("S3 ListObjectVersions", "Name", page.Name);
        yield entriesOf(page);
        next = page.IsTruncated ? page : {};
      } while (next.NextKeyMarker !== undefined);
    }
    yield* liveAt(pages(), moment);
  }

  /** What is there now. */
  async function* objects(bucket: string, call: Call, { pause }: Watching): AsyncGenerator<Version> {
    let ContinuationToken: string | undefined;
    do {
      const input = { ...of(bucket), ContinuationToken };
      const page: ListObjectsV2CommandOutput = await patiently(
        () => ask("S3 ListObjectsV2", s3.send(new ListObjectsV2Command(input), { abortSignal: call.signal })),
        pause,
      );
      required("S3 ListObjectsV2", "Name", page.Name);
      for (const { Key = "", Size = 0 } of page.Contents ?? []) yield { name: Key, bytes: Size, versionId: undefined };
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async function* names(bucket: string, call: Call, watching: Watching): AsyncGenerator<string> {
    for await (const { name } of objects(bucket, call, watching)) yield name;
  }

  return async (
    seen: Seen,
    to: { readonly name: string; readonly want: BucketWant },
    asked: Date | undefined,
    call: Call,
    watching: Watching,
  ): Promise<Copied> => {
    const from = seen.outputs.BUCKET;
    const moment = await begin(from, to.name, seen, asked, call);
    await write.privacy(to.name, bucketArn(place, to.name), call);
    await write.encryption(to.name, to.want, call);
    return copyAll({
      ...watching,
      wanted: moment ? versions(from, moment, call, watching) : objects(from, call, watching),
      there: names(to.name, call, watching),
      copy: objectCopier(aws, from, to.name, call.signal),
      atOnce: AT_ONCE,
    });
  };
}

type Seen = Present<BucketWant, BucketOutputs>;
