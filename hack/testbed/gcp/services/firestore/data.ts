/** google.firestore.v1: documents, transactions and queries, as far as the official SDK needs them for items. */
import { CloudError, codeNumber, invalid, toCloudError, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler, StreamHandler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { runQuery } from "./query.ts";
import { type Fields, fieldPath, readField, writeField } from "./values.ts";
import { checkDatabase, checkName, DOCUMENT, newWriter, versionOf, type Writer } from "./writes.ts";

const FIRESTORE = "google.firestore.v1.Firestore";

/** A transaction knows what it read, and commits only while that is unchanged. */
interface Transactions {
  begin(): Buffer;
  /** Notes a read; nothing for a read outside of transactions. */
  saw(transaction: unknown, name: string, document: Message | undefined): void;
  /** Ends it. Throws ABORTED when something that it read has changed since. */
  end(transaction: unknown, current: (name: string) => Message | undefined): void;
  clear(): void;
}

function newTransactions(): Transactions {
  const open = new Map<string, Map<string, number>>();
  const key = (transaction: unknown) => Buffer.from(transaction as Uint8Array).toString("base64");
  let count = 0;
  return {
    begin() {
      count += 1;
      const id = Buffer.from(`transaction-${String(count)}`);
      open.set(key(id), new Map());
      return id;
    },
    saw(transaction, name, document) {
      if (transaction === undefined) return;
      const reads = open.get(key(transaction));
      if (reads === undefined) throw invalid("The referenced transaction has expired or is no longer valid.");
      if (!reads.has(name)) reads.set(name, versionOf(document));
    },
    end(transaction, current) {
      const reads = open.get(key(transaction));
      if (reads === undefined) throw invalid("The referenced transaction has expired or is no longer valid.");
      open.delete(key(transaction));
      for (const [name, version] of reads)
        if (versionOf(current(name)) !== version)
          throw new CloudError("ABORTED", `Too much contention on these documents. Please try again (${name}).`);
    },
    clear: () => open.clear(),
  };
}

function refuseReadTime(request: Message): void {
  if (request.readTime !== undefined) throw unimplemented("The test bed's Firestore can't read the past.");
}

function masked(document: Message, mask: Message | undefined): Message {
  if (mask === undefined) return document;
  const all = (document.fields ?? {}) as Fields;
  const fields = list<string>(mask, "fieldPaths").reduce<Fields>((kept, path) => {
    const value = readField(all, fieldPath(path));
    return value === undefined ? kept : writeField(kept, fieldPath(path), value);
  }, {});
  return { ...document, fields };
}

/** Runs one write and answers the document that it leaves. */
function writeOne(call: Call, writer: Writer, write: Message, name: string): Message {
  writer.commit(call, [write]);
  return masked(call.world.store.get(DOCUMENT, name) ?? {}, child(call.request, "mask"));
}

function documents(writer: Writer): Record<string, Handler> {
  return {
    [`${FIRESTORE}.GetDocument`]: (call) => {
      refuseReadTime(call.request);
      const name = text(call.request, "name");
      checkName(call, name);
      const document = call.view.get(DOCUMENT, name);
      if (document === undefined) throw new CloudError("NOT_FOUND", `Document "${name}" not found.`);
      return masked(document, child(call.request, "mask"));
    },
    [`${FIRESTORE}.ListDocuments`]: (call) => {
      const { request, view } = call;
      const prefix = `${text(request, "parent")}/${text(request, "collectionId")}/`;
      checkName(call, `${prefix}x`);
      const all = view.list(DOCUMENT, prefix).filter((one) => !text(one, "name").slice(prefix.length).includes("/"));
      const { items, nextPageToken } = page(all, (one) => text(one, "name"), request);
      return { documents: items.map((one) => masked(one, child(request, "mask"))), nextPageToken };
    },
    [`${FIRESTORE}.ListCollectionIds`]: (call) => {
      refuseReadTime(call.request);
      const prefix = `${text(call.request, "parent")}/`;
      checkName(call, `${prefix}x/x`);
      const names = call.view.list(DOCUMENT, prefix).map((one) => text(one, "name").slice(prefix.length));
      const ids = [...new Set(names.map((name) => name.split("/")[0] ?? ""))].toSorted();
      const { items, nextPageToken } = page(ids, (id) => id, call.request);
      return { collectionIds: items, nextPageToken };
    },
    [`${FIRESTORE}.CreateDocument`]: (call) => {
      const { request } = call;
      const id = text(request, "documentId") || crypto.randomUUID().replaceAll("-", "").slice(0, 20);
      const name = `${text(request, "parent")}/${text(request, "collectionId")}/${id}`;
      const update = { ...child(request, "document"), name };
      return writeOne(call, writer, { update, currentDocument: { exists: false } }, name);
    },
    [`${FIRESTORE}.UpdateDocument`]: (call) => {
      const { document: update, updateMask, currentDocument } = call.request;
      const write = { update, ...(updateMask ? { updateMask } : {}), ...(currentDocument ? { currentDocument } : {}) };
      return writeOne(call, writer, write, text(update as Message | undefined, "name"));
    },
    [`${FIRESTORE}.DeleteDocument`]: (call) => {
      const { name, currentDocument } = call.request;
      writer.commit(call, [{ delete: name, ...(currentDocument ? { currentDocument } : {}) }]);
      return {};
    },
  };
}

function commits(writer: Writer, transactions: Transactions): Record<string, Handler> {
  return {
    [`${FIRESTORE}.BeginTransaction`]: (call) => {
      checkDatabase(call, text(call.request, "database"));
      return { transaction: transactions.begin() };
    },
    [`${FIRESTORE}.Rollback`]: ({ request, world: { store } }) => {
      try {
        transactions.end(request.transaction, (name) => store.get(DOCUMENT, name));
      } catch {
        // A transaction that could not have been committed is rolled back all the same.
      }
      return {};
    },
    [`${FIRESTORE}.Commit`]: (call) => {
      const { request, world } = call;
      checkDatabase(call, text(request, "database"));
      if (request.transaction !== undefined)
        transactions.end(request.transaction, (name) => world.store.get(DOCUMENT, name));
      return writer.commit(call, list(request, "writes"));
    },
    [`${FIRESTORE}.BatchWrite`]: (call) => {
      checkDatabase(call, text(call.request, "database"));
      const outcomes = list(call.request, "writes").map((write) => {
        try {
          return { result: list(writer.commit(call, [write]), "writeResults")[0] ?? {}, status: {} };
        } catch (error) {
          const { code, message } = toCloudError(error);
          return { result: {}, status: { code: codeNumber(code), message } };
        }
      });
      return { writeResults: outcomes.map(({ result }) => result), status: outcomes.map(({ status }) => status) };
    },
  };
}

function reads(writer: Writer, transactions: Transactions): Record<string, StreamHandler> {
  /** The transaction to read in, and what tells the client of one that this read began. */
  function within({ request }: Call): { id: unknown; news: Message } {
    refuseReadTime(request);
    if (request.newTransaction === undefined) return { id: request.transaction, news: {} };
    const id = transactions.begin();
    return { id, news: { transaction: id } };
  }
  return {
    [`${FIRESTORE}.BatchGetDocuments`]: (call) => {
      checkDatabase(call, text(call.request, "database"));
      const { id, news } = within(call);
      const readTime = writer.readTime();
      const found = [...new Set(list<string>(call.request, "documents"))].map((name): Message => {
        checkName(call, name);
        const document = call.view.get(DOCUMENT, name);
        transactions.saw(id, name, document);
        if (document === undefined) return { missing: name, readTime };
        return { found: masked(document, child(call.request, "mask")), readTime };
      });
      return Object.keys(news).length > 0 ? [{ ...news, readTime }, ...found] : found;
    },
    [`${FIRESTORE}.RunQuery`]: (call) => {
      const parent = text(call.request, "parent");
      checkDatabase(call, parent.split("/documents")[0] ?? "");
      const query = child(call.request, "structuredQuery") ?? {};
      const { id, news } = within(call);
      const readTime = writer.readTime();
      const select = child(query, "select");
      const mask = select && { fieldPaths: list(select, "fields").map((field) => text(field, "fieldPath")) };
      const found = runQuery(call.view, parent, query).map((document): Message => {
        transactions.saw(id, text(document, "name"), document);
        return { document: masked(document, mask), readTime };
      });
      return Object.keys(news).length > 0 || found.length === 0 ? [{ ...news, readTime }, ...found] : found;
    },
  };
}

/** @param world whose clock stamps the commits */
export function firestoreData(world: World): ServiceModule {
  const writer = newWriter(world);
  const transactions = newTransactions();
  return {
    services: [FIRESTORE],
    unary: { ...documents(writer), ...commits(writer, transactions) },
    streams: reads(writer, transactions),
    async reset() {
      transactions.clear();
    },
  };
}
