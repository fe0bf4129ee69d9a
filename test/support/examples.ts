import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type BucketSpec, bucket } from "../../crds/bucket.ts";
import { type OnyxServiceSpec, onyxService } from "../../crds/onyxservice.ts";

/** An object of examples/, with the defaults that the API server fills in. */
export interface Example<Spec> {
  readonly file: string;
  readonly name: string;
  readonly spec: Spec;
}

/** Every OnyxService under examples/. */
export const exampleServices = (): readonly Example<OnyxServiceSpec>[] =>
  examplesOf("OnyxService", (spec) => onyxService.spec.parse(spec));

/** Every Bucket under examples/. */
export const exampleBuckets = (): readonly Example<BucketSpec>[] =>
  examplesOf("Bucket", (spec) => bucket.spec.parse(spec));

function examplesOf<Spec>(kind: string, parse: (spec: unknown) => Spec): readonly Example<Spec>[] {
  const root = new URL("../../examples/", import.meta.url).pathname;
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(root, file), "utf8")).flatMap((document): Example<Spec>[] => {
        const object = document.toJS() as { kind?: string; metadata?: { name: string }; spec?: unknown } | null;
        if (object?.kind !== kind || !object.metadata) return [];
        return [{ file, name: object.metadata.name, spec: parse(object.spec) }];
      }),
    );
}
