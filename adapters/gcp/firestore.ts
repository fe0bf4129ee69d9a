import type { protos } from "@google-cloud/firestore-api";
import { ProviderError } from "../../operator/provider/fault.ts";
import { paged, unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import { ifThere, toProviderError } from "./errors.ts";

export type Database = protos.google.firestore.admin.v1.IDatabase;
export type Index = protos.google.firestore.admin.v1.IIndex;
export type Field = protos.google.firestore.admin.v1.IField;
export type Document = protos.google.firestore.v1.IDocument;

/** A long-running operation as it stands. */
export interface Operation {
  readonly name: string;
  readonly done: boolean;
  /** Set when it is done and has failed. */
  readonly error: ProviderError | undefined;
}

/** The calls of Firestore that we make, on databases and on the one document of ours in each. All throw ProviderError. */
export interface Firestore {
  /** Undefined: it does not exist. */
  database(name: string, signal: AbortSignal): Promise<Database | undefined>;
  /** All databases of a project. */
  databases(project: string, signal: AbortSignal): Promise<readonly Database[]>;
  createDatabase(project: string, id: string, database: Database, signal: AbortSignal): Promise<Operation>;
  updateDatabase(database: Database, mask: readonly string[], signal: AbortSignal): Promise<Operation>;
  /** A new database with what `from` held at a moment; Firestore keeps each whole minute. */
  cloneDatabase(project: string, id: string, from: string, moment: Date, signal: AbortSignal): Promise<Operation>;
  /** Undefined: there was nothing to delete. */
  deleteDatabase(name: string, etag: string, signal: AbortSignal): Promise<Operation | undefined>;

  /** Undefined: the operation is forgotten. */
  operation(name: string, signal: AbortSignal): Promise<Operation | undefined>;
  /** Operations on a database, also on one that can't be seen yet. */
  operations(database: string, signal: AbortSignal): Promise<readonly Operation[]>;

  /** `collection` is `projects/P/databases/D/collectionGroups/C`. */
  indexes(collection: string, signal: AbortSignal): Promise<readonly Index[]>;
  createIndex(collection: string, index: Index, signal: AbortSignal): Promise<Operation>;
  deleteIndex(name: string, signal: AbortSignal): Promise<void>;
  /** The fields with a time to live. */
  ttlFields(collection: string, signal: AbortSignal): Promise<readonly Field[]>;
  updateField(field: Field, mask: readonly string[], signal: AbortSignal): Promise<Operation>;

  /** Undefined: it does not exist, or its database does not answer to its name yet. */
  document(name: string, signal: AbortSignal): Promise<Document | undefined>;
  /** Fails with ALREADY_EXISTS where there is one. */
  createDocument(name: string, fields: NonNullable<Document["fields"]>, signal: AbortSignal): Promise<void>;
  /** Fails with FAILED_PRECONDITION where somebody wrote it since `updateTime`. */
  replaceDocument(document: Document, signal: AbortSignal): Promise<void>;
  /**
   * Writes the fields of the mask, and takes away those of them that the document given lacks. Fails with
   * FAILED_PRECONDITION where somebody wrote it since `updateTime`.
   */
  changeDocument(document: Document, mask: readonly string[], signal: AbortSignal): Promise<void>;
  /** As that. What is gone already is no error. */
  deleteDocument(document: Document, signal: AbortSignal): Promise<void>;
  /** Ids of the top-level collections; enough of them to know whether there is one. */
  collections(database: string, signal: AbortSignal): Promise<readonly string[]>;
}

const API = "Firestore";

export function createFirestore(clients: Pick<Clients, "firestoreAdmin" | "firestore">): Firestore {
  const started = (reply: Promise<{ latestResponse: RawOperation }>) =>
    reply.then(({ latestResponse }) => operationOf(latestResponse));

  return {
    async database(name, signal) {
      const client = await clients.firestoreAdmin();
      return ifThere(unary<Database>(API, signal, (options, done) => client.getDatabase({ name }, options, done)));
    },
    async databases(project, signal) {
      const client = await clients.firestoreAdmin();
      const request = { parent: `projects/${project}` };
      const reply = await unary<{ databases?: Database[] | null; unreachable?: string[] | null }>(
        API,
        signal,
        (options, done) => client.listDatabases(request, options, done),
      );
      const [unreachable] = reply.unreachable ?? [];
      if (unreachable)
        throw new ProviderError("transient", `Firestore can't list the databases of ${unreachable} at the moment`, {
          code: "UNREACHABLE",
        });
      return reply.databases ?? [];
    },
    async createDatabase(project, id, database, signal) {
      const client = await clients.firestoreAdmin();
      const request = { parent: `projects/${project}`, databaseId: id, database };
      return started(unary(API, signal, (options, done) => client.createDatabase(request, options, done as never)));
    },
    async updateDatabase(database, mask, signal) {
      const client = await clients.firestoreAdmin();
      const request = { database, updateMask: { paths: [...mask] } };
      return started(unary(API, signal, (options, done) => client.updateDatabase(request, options, done as never)));
    },
    async cloneDatabase(project, databaseId, database, moment, signal) {
      const client = await clients.firestoreAdmin();
      const snapshotTime = { seconds: Math.floor(moment.getTime() / 60_000) * 60 };
      const request = { parent: `projects/${project}`, databaseId, pitrSnapshot: { database, snapshotTime } };
      return started(unary(API, signal, (options, done) => client.cloneDatabase(request, options, done as never)));
    },
    async deleteDatabase(name, etag, signal) {
      const client = await clients.firestoreAdmin();
      const request = { name, etag };
      return ifThere(
        started(unary(API, signal, (options, done) => client.deleteDatabase(request, options, done as never))),
      );
    },

    async operation(name, signal) {
      const client = await clients.firestoreAdmin();
      const request = { name } as Parameters<typeof client.getOperation>[0];
      const found = await ifThere(
        unary<RawOperation>(API, signal, (options, done) =>
          client.getOperation(request, options as never, done as never),
        ),
      );
      return found && operationOf(found);
    },
    async operations(database, signal) {
      const client = await clients.firestoreAdmin();
      const request = { name: database } as Parameters<typeof client.operationsClient.listOperations>[0];
      const found = await ifThere(
        unary<RawOperation[]>(API, signal, (options, done) =>
          client.operationsClient.listOperations(request, options as never, done as never),
        ),
      );
      return (found ?? []).map(operationOf);
    },

    async indexes(collection, signal) {
      const client = await clients.firestoreAdmin();
      return paged<protos.google.firestore.admin.v1.IListIndexesRequest, Index>(
        API,
        signal,
        { parent: collection },
        (page, options, done) => client.listIndexes(page, options, done),
      );
    },
    async createIndex(collection, index, signal) {
      const client = await clients.firestoreAdmin();
      const request = { parent: collection, index };
      return started(unary(API, signal, (options, done) => client.createIndex(request, options, done as never)));
    },
    async deleteIndex(name, signal) {
      const client = await clients.firestoreAdmin();
      await ifThere(unary(API, signal, (options, done) => client.deleteIndex({ name }, options, done)));
    },
    async ttlFields(collection, signal) {
      const client = await clients.firestoreAdmin();
      return paged<protos.google.firestore.admin.v1.IListFieldsRequest, Field>(
        API,
        signal,
        { parent: collection, filter: "ttlConfig:*" },
        (page, options, done) => client.listFields(page, options, done),
      );
    },
    async updateField(field, mask, signal) {
      const client = await clients.firestoreAdmin();
      const request = { field, updateMask: { paths: [...mask] } };
      return started(unary(API, signal, (options, done) => client.updateField(request, options, done as never)));
    },

    async document(name, signal) {
      const client = await clients.firestore();
      return ifThere(unary<Document>(API, signal, (options, done) => client.getDocument({ name }, options, done)));
    },
    async createDocument(name, fields, signal) {
      const client = await clients.firestore();
      const [, parent = "", collectionId = "", documentId = ""] = /^(.*)\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
      const request = { parent, collectionId, documentId, document: { fields } };
      await unary(API, signal, (options, done) => client.createDocument(request, options, done));
    },
    async replaceDocument({ name, fields, updateTime }, signal) {
      const client = await clients.firestore();
      const currentDocument = updateTime ? { updateTime } : { exists: true };
      const request = { document: { name: name ?? "", fields: fields ?? {} }, currentDocument };
      await unary(API, signal, (options, done) => client.updateDocument(request, options, done));
    },
    async changeDocument({ name, fields, updateTime }, mask, signal) {
      const client = await clients.firestore();
      const request = {
        document: { name: name ?? "", fields: fields ?? {} },
        updateMask: { fieldPaths: [...mask] },
        currentDocument: { updateTime: updateTime ?? null },
      };
      await unary(API, signal, (options, done) => client.updateDocument(request, options, done));
    },
    async deleteDocument({ name, updateTime }, signal) {
      const client = await clients.firestore();
      const request = { name: name ?? "", currentDocument: { updateTime: updateTime ?? null } };
      await ifThere(unary(API, signal, (options, done) => client.deleteDocument(request, options, done)));
    },
    async collections(database, signal) {
      const client = await clients.firestore();
      const request = { parent: `${database}/documents`, pageSize: 5 };
      return unary<string[]>(API, signal, (options, done) => client.listCollectionIds(request, options, done));
    },
  };
}

interface RawOperation {
  readonly name?: string | null;
  readonly done?: boolean | null;
  readonly error?: { readonly code?: number | null; readonly message?: string | null } | null;
}

function operationOf({ name, done, error }: RawOperation): Operation {
  return {
    name: name ?? "",
    done: done ?? false,
    error: error?.code
      ? toProviderError(
          Object.assign(new Error(error.message ?? ""), { code: error.code, details: error.message }),
          API,
        )
      : undefined,
  };
}
