/** What an upload may say of an object: https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
import { z } from "zod";
import { bad } from "./refusals.ts";

const schema = z.strictObject({
  name: z.string().optional(),
  bucket: z.string().optional(),
  acl: z.array(z.unknown()).optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentEncoding: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentType: z.string().optional(),
  crc32c: z.string().optional(),
  customTime: z.iso.datetime({ offset: true }).optional(),
  kmsKeyName: z.string().optional(),
  md5Hash: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  storageClass: z.string().optional(),
});

export type Metadata = z.infer<typeof schema>;

/** @throws StorageError 400 */
export function parseMetadata(json: unknown): Metadata {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw bad(`Invalid object metadata: ${z.prettifyError(result.error)}`);
}
