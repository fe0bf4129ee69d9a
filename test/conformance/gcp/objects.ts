import { ApiError, type Bucket } from "@google-cloud/storage";
import type { Objects } from "../objects.ts";
import { unlessAbsent } from "./bucket.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** Objects by Google's Cloud Storage client. */
export function objectsOnGcp({ eyes: { storage, gcp } }: GcpUnderTest): Objects {
  const bucket = (outputs: Readonly<Record<string, string>>): Bucket => storage.bucket(outputs.BUCKET ?? "");
  return {
    async put(outputs, name, text) {
      await bucket(outputs).file(name).save(text, { resumable: false });
    },
    copies: "RewriteObject",
    async moment(outputs) {
      const clock = bucket(outputs).file("clock");
      await clock.save("x", { resumable: false });
      const [{ timeCreated, generation }] = await clock.getMetadata();
      await bucket(outputs)
        .file("clock", { generation: String(generation) })
        .delete();
      gcp.control.advance(1000);
      return new Date(String(timeCreated));
    },
    async putIfAbsent(outputs, name, text) {
      try {
        await bucket(outputs)
          .file(name)
          .save(text, { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.code === 412) return false;
        throw error;
      }
    },
    async get(outputs, name) {
      return (await unlessAbsent(bucket(outputs).file(name).download()))?.[0].toString();
    },
    async delete(outputs, name) {
      await bucket(outputs).file(name).delete({ ignoreNotFound: true });
    },
    async list(outputs, { prefix, size, after }) {
      const [files, , answer] = await bucket(outputs).getFiles({
        autoPaginate: false,
        maxResults: size,
        ...(prefix === undefined ? {} : { prefix }),
        ...(after === undefined ? {} : { pageToken: after }),
      });
      return {
        names: files.map(({ name }) => name),
        next: (answer as { nextPageToken?: string } | undefined)?.nextPageToken,
      };
    },
    async versions(outputs, name) {
      const [files] = await bucket(outputs).getFiles({ versions: true, prefix: name });
      const newest = files
        .filter((file) => file.name === name)
        .sort((a, b) => Number(b.metadata.generation) - Number(a.metadata.generation));
      return Promise.all(
        newest.map(async ({ metadata: { generation } }) => {
          const [content] = await bucket(outputs)
            .file(name, { generation: String(generation) })
            .download();
          return content.toString();
        }),
      );
    },
    async anonymousGet({ BUCKET }, name) {
      return (await fetch(`${gcp.rest}/${BUCKET}/${encodeURIComponent(name)}`)).status;
    },
    async makePublic({ BUCKET }, name) {
      const path = `/storage/v1/b/${BUCKET}/o/${encodeURIComponent(name)}/acl`;
      const response = await fetch(`${gcp.rest}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ entity: "allUsers", role: "READER" }),
      });
      return response.status;
    },
    async retention(outputs) {
      const [{ retentionPolicy }] = await bucket(outputs).getMetadata();
      if (!retentionPolicy?.retentionPeriod) return undefined;
      return { days: Number(retentionPolicy.retentionPeriod) / 86_400, locked: retentionPolicy.isLocked === true };
    },
    unlock: (outputs) =>
      bucket(outputs)
        .removeRetentionPeriod()
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof ApiError && error.code === 403) return false;
            throw error;
          },
        ),
    async empty(outputs) {
      const files = (await unlessAbsent(bucket(outputs).getFiles({ versions: true })))?.[0] ?? [];
      for (const { name, metadata } of files)
        await bucket(outputs)
          .file(name, { generation: String(metadata.generation) })
          .delete();
    },
  };
}
