/** Copies within Cloud Storage: https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite */
import type { World } from "../../engine/world.ts";
import type { Stored } from "./bucket-rules.ts";
import { bucketOf } from "./names.ts";
import { type Generation, keptOf, type Objects } from "./objects.ts";
import { bad } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

/** Google takes as much at a time as it likes where bytes have to be moved; the test bed takes this. */
const AT_A_TIME = 2 ** 20;

/** Bytes move where place, class or key differ; otherwise only the name is new. */
const moves = (one: Generation, from: Stored, to: Stored): boolean =>
  from.location !== to.location ||
  one.resource.storageClass !== to.storageClass ||
  from.encryption?.defaultKmsKeyName !== to.encryption?.defaultKmsKeyName;

export function rewriteMethods(world: World, objects: Pick<Objects, "write" | "found">): Methods {
  async function rewrite(call: StorageCall) {
    const { query, parameters } = call;
    const { destinationBucket = "", destinationObject = "" } = parameters as Readonly<Record<string, string>>;
    const source = new URLSearchParams();
    const generation = query.get("sourceGeneration");
    if (generation !== null) source.set("generation", generation);
    const { bucket, one } = objects.found({ ...call, query: source }, world.store, "storage.objects.get");
    const to = bucketOf(world.store, destinationBucket);
    const size = one.content.length;
    const asked = query.get("rewriteToken");
    const before = asked === null ? 0 : tokenOf(asked, one);
    const done = moves(one, bucket, to) ? Math.min(size, before + AT_A_TIME) : size;
    const answer = {
      kind: "storage#rewriteResponse",
      totalBytesRewritten: String(done),
      objectSize: String(size),
      done: done === size,
    };
    if (done < size) return { ...answer, rewriteToken: `${one.resource.generation}.${String(done)}` };
    const target = { ...call, parameters: { ...parameters, bucket: destinationBucket, object: destinationObject } };
    const resource = await objects.write(
      target,
      destinationObject,
      { ...keptOf(one), ...((call.body ?? {}) as object) },
      one.content,
    );
    return { ...answer, resource };
  }

  function tokenOf(token: string, { resource }: Generation): number {
    const [generation, done] = token.split(".");
    if (generation !== resource.generation) throw bad("Invalid rewrite token.");
    return Number(done);
  }

  return [
    {
      name: "RewriteObject",
      at: "POST /storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{destinationBucket}/o/{destinationObject}",
      query: [
        "sourceGeneration",
        "rewriteToken",
        "ifGenerationMatch",
        "ifGenerationNotMatch",
        "ifMetagenerationMatch",
        "ifMetagenerationNotMatch",
      ],
      plane: "data",
      run: rewrite,
    },
  ];
}
