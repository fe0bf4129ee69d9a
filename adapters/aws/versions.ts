import type { ListObjectVersionsCommandOutput } from "@aws-sdk/client-s3";
import { byBytes } from "../../operator/provider/copying.ts";
import type { Version } from "./object-copy.ts";

/** A version of an object, or the marker that says it was deleted. */
export interface Entry extends Version {
  readonly at: number;
  readonly isLatest: boolean;
  readonly isMarker: boolean;
}

/** A page of ListObjectVersions in the order of S3: by name, the newest first. The two lists come apart. */
export function entriesOf({ Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput): readonly Entry[] {
  const entry = (one: NonNullable<typeof DeleteMarkers>[number], isMarker: boolean, bytes = 0): Entry => ({
    name: one.Key ?? "",
    bytes,
    versionId: one.VersionId,
    at: one.LastModified?.getTime() ?? 0,
    isLatest: one.IsLatest === true,
    isMarker,
  });
  return [...Versions.map((one) => entry(one, false, one.Size)), ...DeleteMarkers.map((one) => entry(one, true))].sort(
    (a, b) => byBytes(a.name, b.name),
  );
}

/**
 * Of each object the version that was in force, in the order of names. S3 tells times to the second: of what was written and
 * deleted within one, the version counts, since too much is better than too little.
 */
export async function* liveAt(pages: AsyncIterable<readonly Entry[]>, moment: Date): AsyncGenerator<Version> {
  let of: Entry[] = [];
  for await (const page of pages)
    for (const entry of page) {
      if (of[0] && of[0].name !== entry.name) {
        yield* inForce(of, moment);
        of = [];
      }
      of.push(entry);
    }
  yield* inForce(of, moment);
}

function inForce(entries: readonly Entry[], moment: Date): readonly Version[] {
  const then = entries.filter(({ at }) => at <= moment.getTime());
  const [newest] = then.sort(
    (a, b) => b.at - a.at || Number(b.isLatest) - Number(a.isLatest) || Number(a.isMarker) - Number(b.isMarker),
  );
  return newest && !newest.isMarker ? [newest] : [];
}
