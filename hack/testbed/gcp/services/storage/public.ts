/** What the world sees of a bucket, without credentials: https://cloud.google.com/storage/docs/access-public-data */
import type { HttpRoute } from "../../engine/rest.ts";
import type { World } from "../../engine/world.ts";
import { allows } from "../iam/grants.ts";
import type { Stored } from "./bucket-rules.ts";
import { BUCKET, bucketName } from "./names.ts";
import { generationsOf } from "./objects.ts";

const xml = (code: string, message: string) => ({
  body: Buffer.from(
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  ),
  headers: { "content-type": "application/xml; charset=UTF-8" },
});

/** `GET /<bucket>/<object>`, as storage.googleapis.com answers a browser. Other paths are left to other routes. */
export function publicRoute(world: World): HttpRoute {
  return ({ verb, encodedPath }) => {
    const [, id = "", rest = ""] = /^\/([^/]+)\/(.+)$/.exec(encodedPath) ?? [];
    const bucket = world.store.get(BUCKET, bucketName(id)) as Stored | undefined;
    if (verb !== "get" || bucket === undefined) return undefined;
    if (!allows(world, "allUsers", "storage.objects.get", bucketName(id)))
      return {
        status: 403,
        ...xml("AccessDenied", "Anonymous caller does not have storage.objects.get access to the object."),
      };
    const name = decodeURIComponent(rest);
    const found = generationsOf(world.store, id).find((one) => one.state === "live" && one.resource.name === name);
    if (found === undefined) return { status: 404, ...xml("NoSuchKey", "The specified key does not exist.") };
    return { status: 200, body: found.content, headers: { "content-type": String(found.resource.contentType) } };
  };
}
