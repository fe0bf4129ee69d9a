import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { protos } from "@google-cloud/firestore-api";
import type { protos as pubsub } from "@google-cloud/pubsub";
import type { Place } from "../../operator/provider/cloud.ts";
import type {
  CostCloud,
  CostItem,
  CostsPlace,
  CostTable,
  DeliveryQueue,
  ReportBucket,
  ReportObject,
} from "../../operator/provider/costs.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Item } from "../../operator/provider/item-mark.ts";
import { documentIdOf } from "../../operator/workflow/index.ts";
import { ATTEMPTS, pauseAfter } from "../attempts.ts";
import { unary } from "./call.ts";
import { type Clients, createClients } from "./clients.ts";
import { credentialsOf } from "./credentials.ts";
import { fromFields, toFields } from "./document-value.ts";
import { baseUrl } from "./endpoints.ts";
import { ifThere, isAlreadyExists, isNotFound, toProviderError } from "./errors.ts";
import type { Document } from "./firestore.ts";
import { storageFailure, storageRefusal } from "./storage-errors.ts";

/** Pub/Sub, Cloud Storage and Firestore for the ingest of cost reports, as the pod's own identity. */
export function connectCosts({ region, account, endpoints, queue, bucket, table }: CostsPlace): CostCloud {
  const place: Place = { environment: "", cluster: "", region, account, workloadIdentity: "Native", endpoints };
  const clients = createClients(place);
  return {
    queue: pubsubQueue(clients, queue.ID ?? ""),
    bucket: storageBucket(place, bucket[""] ?? ""),
    table: firestoreTable(clients, table.ID ?? "", table.COLLECTION ?? ""),
    close: clients.close,
  };
}

/** Makes a call again that failed for a reason that goes away: the generated clients do not, by our options. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const passing = error instanceof ProviderError && (error.fault === "transient" || error.fault === "throttled");
      if (!passing || attempt === ATTEMPTS) throw error;
      await pauseAfter(attempt);
    }
  }
}

const never = new AbortController().signal;

function pubsubQueue(clients: Clients, subscription: string): DeliveryQueue {
  const API = "Pub/Sub";
  return {
    async receive(signal) {
      const client = await clients.subscriber();
      const request = { subscription, maxMessages: 1 };
      const reply = await unary<pubsub.google.pubsub.v1.IPullResponse>(API, signal, (options, done) =>
        client.pull(request, { ...options, timeout: 90_000 } as never, done as never),
      ).catch((error: unknown) => {
        // Where nothing came, a pull may end with its deadline.
        if (error instanceof ProviderError && error.code === "DEADLINE_EXCEEDED") return undefined;
        throw error;
      });
      const [received] = reply?.receivedMessages ?? [];
      if (!received) return undefined;
      const ackIds = [received.ackId ?? ""];
      const hold = (ackDeadlineSeconds: number) =>
        again(async () => {
          await unary(API, never, (options, done) =>
            client.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds }, options as never, done as never),
          );
        });
      return {
        body: Buffer.from((received.message?.data ?? "") as Uint8Array).toString("utf8"),
        extend: hold,
        giveBack: hold,
        done: () =>
          again(async () => {
            await unary(API, never, (options, done) =>
              client.acknowledge({ subscription, ackIds }, options as never, done as never),
            );
          }),
      };
    },
  };
}

/** An object as cloud.google.com/storage/docs/json_api/v1/objects tells of it. */
interface StoredObject {
  readonly name: string;
  readonly generation: string;
  readonly size: string;
  readonly updated: string;
}

function storageBucket(place: Place, name: string): ReportBucket {
  const base = `${baseUrl(place, "storage", "https://storage.googleapis.com")}/storage/v1/b/${encodeURIComponent(name)}/o`;
  const auth = credentialsOf(place, base.startsWith("http:"));

  async function get(path: string): Promise<Response> {
    const url = `${base}${path}`;
    const reply = await auth
      .getRequestHeaders(url)
      .then((headers) => fetch(url, { headers }))
      .catch((error: unknown) => {
        throw storageFailure(error, false);
      });
    if (reply.ok) return reply;
    const body: unknown = await reply.json().catch(() => undefined);
    const refusal = storageRefusal(reply.status, body, reply.headers.get("retry-after"));
    // Another generation by now: nothing comes of asking for this one again.
    throw reply.status === 412 ? new ProviderError("conflict", refusal.message, { code: refusal.code }) : refusal;
  }
  const objectOf = ({ name: key, generation, size, updated }: StoredObject): ReportObject => ({
    key,
    version: generation,
    bytes: Number(size),
    modified: new Date(updated).toISOString(),
  });

  return {
    url: `gs://${name}`,
    async list(prefix) {
      const objects: ReportObject[] = [];
      let pageToken = "";
      do {
        const query = new URLSearchParams({ prefix, ...(pageToken !== "" && { pageToken }) });
        const page = await again(async () => (await get(`?${query}`)).json());
        const { items = [], nextPageToken = "" } = page as { items?: StoredObject[]; nextPageToken?: string };
        objects.push(...items.map(objectOf));
        pageToken = nextPageToken;
      } while (pageToken !== "");
      return objects;
    },
    async stat(key) {
      const found = await ifThere(again(async () => (await get(`/${encodeURIComponent(key)}`)).json()));
      return found === undefined ? undefined : objectOf(found as StoredObject);
    },
    async open({ key, version }) {
      const query = new URLSearchParams({ alt: "media", ifGenerationMatch: version });
      const { body } = await again(() => get(`/${encodeURIComponent(key)}?${query}`));
      return body ? Readable.fromWeb(body as ReadableStream) : Readable.from([]);
    },
  };
}

type Write = protos.google.firestore.v1.IWrite;
type Found = protos.google.firestore.v1.IRunQueryResponse;

/** Documents of one commit: far below the 10 MiB that a request may have. */
const COMMIT = 200;
/** Documents of one answer to a query. */
const PAGE = 300;

/** A Table with the keys `pk` and `sk`. @param database its TABLE_ID */
export function firestoreTable(clients: Clients, database: string, collectionId: string): CostTable {
  const API = "Firestore";
  const parent = `${database}/documents`;
  const nameOf = (pk: string, sk: string) => `${parent}/${collectionId}/${documentIdOf([pk, sk])}`;
  const updateOf = (item: CostItem): Write => ({
    update: { name: nameOf(item.pk, item.sk), fields: toFields(item as unknown as Item, null) },
  });

  async function commit(writes: readonly Write[]): Promise<void> {
    const client = await clients.firestore();
    await unary(API, never, (options, done) =>
      client.commit({ database, writes: [...writes] }, options as never, done as never),
    );
  }
  async function commits(writes: readonly Write[]): Promise<void> {
    for (let at = 0; at < writes.length; at += COMMIT) await again(() => commit(writes.slice(at, at + COMMIT)));
  }
  async function page(pk: string, from: string, to: string, after: boolean): Promise<readonly Document[]> {
    const client = await clients.firestore();
    const where = (
      path: string,
      op: "EQUAL" | "GREATER_THAN" | "GREATER_THAN_OR_EQUAL" | "LESS_THAN_OR_EQUAL",
      text: string,
    ) => ({
      fieldFilter: { field: { fieldPath: path }, op, value: { stringValue: text } },
    });
    const filters = [
      where("pk", "EQUAL", pk),
      where("sk", after ? "GREATER_THAN" : "GREATER_THAN_OR_EQUAL", from),
      where("sk", "LESS_THAN_OR_EQUAL", to),
    ];
    const request = {
      parent,
      structuredQuery: {
        from: [{ collectionId }],
        where: { compositeFilter: { op: "AND" as const, filters } },
        orderBy: [{ field: { fieldPath: "sk" }, direction: "ASCENDING" as const }],
        limit: { value: PAGE },
      },
    };
    const documents: Document[] = [];
    try {
      for await (const { document } of client.runQuery(request) as AsyncIterable<Found>)
        if (document) documents.push(document);
    } catch (error) {
      throw toProviderError(error, API);
    }
    return documents;
  }

  return {
    async read(pk, sk) {
      const client = await clients.firestore();
      const document = await ifThere(
        again(() =>
          unary<Document>(API, never, (options, done) =>
            client.getDocument({ name: nameOf(pk, sk) }, options as never, done as never),
          ),
        ),
      );
      if (!document) return undefined;
      const { seconds, nanos } = document.updateTime ?? {};
      const item = fromFields(document.fields ?? {}) as unknown as CostItem;
      return { item, mark: `${seconds ?? 0}.${nanos ?? 0}` };
    },

    async swap(item, mark) {
      const [seconds, nanos] = (mark ?? "").split(".").map(Number);
      const currentDocument =
        mark === null ? { exists: false } : { updateTime: { seconds: seconds ?? 0, nanos: nanos ?? 0 } };
      try {
        // Not made again by itself: an answer that was lost would look like somebody else's write, and is one for the caller.
        await commit([{ ...updateOf(item), currentDocument }]);
        return true;
      } catch (error) {
        const other = error instanceof ProviderError && /^(FAILED_PRECONDITION|ABORTED)/.test(error.code);
        if (other || isAlreadyExists(error) || isNotFound(error)) return false;
        throw error;
      }
    },

    writeAll: (items) => commits(items.map(updateOf)),
    deleteAll: (keys) => commits(keys.map(({ pk, sk }) => ({ delete: nameOf(pk, sk) }))),

    async *query(pk, from, to) {
      let [start, after] = [from, false];
      for (;;) {
        const documents = await again(() => page(pk, start, to, after));
        for (const document of documents) yield fromFields(document.fields ?? {}) as unknown as CostItem;
        if (documents.length < PAGE) return;
        const last = fromFields(documents.at(-1)?.fields ?? {});
        [start, after] = [String(last.sk), true];
      }
    },
  };
}
