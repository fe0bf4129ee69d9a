import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Aws } from "./clients.ts";
import { ask } from "./errors.ts";

/** One version of an object. */
export interface Version {
  readonly name: string;
  readonly bytes: number;
  /** `null`, as text, for what was written while the bucket kept no versions. Undefined: the latest. */
  readonly versionId: string | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html and …/userguide/qfacts.html */
const GIB = 2 ** 30;
export const COPY_LIMITS = { wholeBytes: 5 * GIB, partBytes: GIB, partsAtOnce: 4 } as const;

/**
 * Copies versions of objects from one bucket to another within S3: content, metadata and tags. Larger ones go in parts, and
 * parts of an upload that fails are dropped.
 *
 * @param limits what one CopyObject takes, and the size of a part
 */
export function objectCopier(
  { s3, place }: Pick<Aws, "s3" | "place">,
  from: string,
  to: string,
  signal: AbortSignal,
  limits: { readonly wholeBytes: number; readonly partBytes: number; readonly partsAtOnce: number } = COPY_LIMITS,
) {
  const options = { abortSignal: signal };
  const owners = { ExpectedBucketOwner: place.account, ExpectedSourceBucketOwner: place.account };
  const target = (Key: string) => ({ Bucket: to, Key });
  const source = ({ name, versionId }: Version) => ({
    CopySource: `${from}/${name.split("/").map(encodeURIComponent).join("/")}${versionId === undefined ? "" : `?versionId=${encodeURIComponent(versionId)}`}`,
  });
  const original = ({ name, versionId }: Version) => ({
    Bucket: from,
    Key: name,
    ExpectedBucketOwner: place.account,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
  });

  async function whole(one: Version): Promise<void> {
    const input = { ...target(one.name), ...source(one), ...owners };
    await ask("S3 CopyObject", s3.send(new CopyObjectCommand(input), options));
  }

  async function inParts(one: Version): Promise<void> {
    const head = await ask("S3 HeadObject", s3.send(new HeadObjectCommand(original(one)), options));
    const { TagSet = [] } = await ask(
      "S3 GetObjectTagging",
      s3.send(new GetObjectTaggingCommand(original(one)), options),
    );
    const { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType, Metadata } = head;
    const kept = { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType, Metadata };
    const tags = new URLSearchParams(
      TagSet.map(({ Key = "", Value = "" }): [string, string] => [Key, Value]),
    ).toString();
    const begun = await ask(
      "S3 CreateMultipartUpload",
      s3.send(
        new CreateMultipartUploadCommand({
          ...target(one.name),
          ...kept,
          ...(tags === "" ? {} : { Tagging: tags }),
          ExpectedBucketOwner: place.account,
        }),
        options,
      ),
    );
    const upload = { ...target(one.name), UploadId: begun.UploadId, ExpectedBucketOwner: place.account };
    try {
      const MultipartUpload = { Parts: await parts(one, begun.UploadId) };
      await ask(
        "S3 CompleteMultipartUpload",
        s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }), options),
      );
    } catch (error) {
      // What it is about is told by the first error, whatever becomes of this.
      await s3.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
      throw error;
    }
  }

  async function parts(one: Version, UploadId: string | undefined): Promise<CompletedPart[]> {
    const count = Math.ceil(one.bytes / limits.partBytes);
    const done: CompletedPart[] = [];
    for (let first = 0; first < count; first += limits.partsAtOnce) {
      const numbers = Array.from({ length: Math.min(limits.partsAtOnce, count - first) }, (_, n) => first + n);
      done.push(...(await Promise.all(numbers.map((n) => part(one, UploadId, n)))));
    }
    return done;
  }

  async function part(one: Version, UploadId: string | undefined, index: number): Promise<CompletedPart> {
    const begin = index * limits.partBytes;
    const CopySourceRange = `bytes=${begin}-${Math.min(one.bytes, begin + limits.partBytes) - 1}`;
    const PartNumber = index + 1;
    const input = { ...target(one.name), ...source(one), ...owners, UploadId, PartNumber, CopySourceRange };
    const { CopyPartResult } = await ask("S3 UploadPartCopy", s3.send(new UploadPartCopyCommand(input), options));
    return { PartNumber, ETag: CopyPartResult?.ETag };
  }

  /** @returns why this one can't be copied, ever */
  return async (one: Version): Promise<string | undefined> => {
    try {
      await (one.bytes > limits.wholeBytes ? inParts(one) : whole(one));
      return undefined;
    } catch (error) {
      const why = error instanceof ProviderError ? REASONS[error.code] : undefined;
      if (why === undefined) throw error;
      return why;
    }
  };
}

/** By S3's code: what stands in the way of one object and not of the others. */
const REASONS: Readonly<Record<string, string>> = {
  InvalidObjectState: "it is archived: have S3 restore that version first (s3:RestoreObject), then run this again",
  NoSuchKey: "S3 has taken that version away meanwhile",
  NoSuchVersion: "S3 has taken that version away meanwhile",
  InvalidRequest: "S3 does not copy it: its content may be encrypted with a key that only its writer has (SSE-C)",
};
