import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, mergeTags, ownerOf } from "../../operator/provider/owner.ts";
import {
  type At,
  type Call,
  type Created,
  createIntent,
  type Observation,
  type Present,
  type Provider,
} from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Database } from "./firestore.ts";
import type { Gcp } from "./gcp.ts";
import { letServiceUseKey } from "./key-agents.ts";
import { databaseName, shortName } from "./names.ts";
import { marksOf, without } from "./owner.ts";
import { createProgress, type Running } from "./progress.ts";
import { tableOwner } from "./table-owner.ts";
import { closed, guard, phaseOf, YOUNG_MS } from "./table-phase.ts";
import {
  actualTable,
  databaseMask,
  databaseValues,
  fitTable,
  indexSteps,
  itemsGroup,
  type LiveTable,
  liveIndexes,
  type Meta,
  neededIndexes,
  OWNER_COLLECTION,
  ownerDocument,
  quoted,
  readMeta,
  recordedIndexes,
  type Schema,
  settingsOf,
  shapesOf,
  tableOutputs,
  toDatabase,
  toIndex,
  ttlFieldName,
} from "./table-shape.ts";

type Seen = Present<TableWant, TableOutputs>;

/**
 * A Table is a Firestore database of its own (docs/adr/0002-one-firestore-database-a-table.md); its items are in the
 * collection `items`.
 *
 * Ownership: databases carry no labels, so the marks are in a document of the database, `onyx/owner`. It can be written
 * only once the database is there. In between, and when a reply is lost, a database counts as ours when it is known that
 * we asked for it (the intent in status, or the memory of this process) and as long as it holds no collection:
 * what has data in it and no marks is never ours. The document is made with "must not exist", so of two that claim
 * a database one wins and the other sees a foreign owner.
 *
 * Firestore works one long-running operation at a time here: `update` starts the first one that is due and returns;
 * the phase is `pending` until it is through, and the next pass starts the next.
 */
export function tableProvider(gcp: Gcp): Provider<TableWant, TableOutputs> {
  const { place, firestore, now } = gcp;
  const project = place.account;
  const progress = createProgress(firestore, now);
  const { ownerIfEmpty, refuseForeign, writeMeta, mark } = tableOwner(firestore);
  /** Databases that this process asked for, until they are marked. */
  const asked = new Set<string>();

  async function observe(at: At, call: Call): Promise<Observation<TableWant, TableOutputs>> {
    const id = at.id ?? databaseName(project, at.name);
    const before = progress.remembered(id);
    const [database, doing] = await sideBySide([
      firestore.database(id, call.signal),
      progress.running(id, call.signal),
    ]);
    const weAsked = at.footprint.includes(createIntent(shortName(id))) || asked.has(id);
    if (!database) return observeUnseen(id, before, doing, weAsked, call);
    return observeSeen(id, database, doing, weAsked, call);
  }

  /** A database that was asked for may be in the making, or made and not shown yet. */
  async function observeUnseen(
    id: string,
    before: Running | undefined,
    doing: Running | undefined,
    weAsked: boolean,
    call: Call,
  ): Promise<Observation<TableWant, TableOutputs>> {
    const made = before?.doing === "create" && now() - before.since < YOUNG_MS;
    const unfinished =
      weAsked && !before && (await firestore.operations(id, call.signal)).some((operation) => !operation.done);
    if (doing?.doing !== "create" && !made && !unfinished) return { exists: false };
    if (made && !doing && before) progress.remember(id, before);
    return {
      exists: true,
      id,
      owner: call.owner,
      phase: "pending",
      message: "Firestore is making the database.",
      actual: {},
      outputs: tableOutputs(id, place.region),
    };
  }

  async function observeSeen(
    id: string,
    database: Database,
    doing: Running | undefined,
    weAsked: boolean,
    call: Call,
  ): Promise<Observation<TableWant, TableOutputs>> {
    const base = { exists: true, id, outputs: tableOutputs(id, place.region), ...guard(database) } as const;
    const presumed = weAsked ? call.owner : undefined;
    let table: LiveTable;
    try {
      table = await readTable(id, database, call.signal);
    } catch (error) {
      const phase = closed(database, error, now());
      if (!phase) throw error;
      return { ...base, owner: presumed, ...phase, actual: databaseValues(database) };
    }
    if (table.meta) asked.delete(id);
    const owner = table.meta ? ownerOf(table.meta.tags) : weAsked ? await ownerIfEmpty(id, call) : undefined;
    return { ...base, owner, ...phaseOf(table, doing, place.region), actual: actualTable(table) };
  }

  async function readTable(id: string, database: Database, signal: AbortSignal): Promise<LiveTable> {
    const [document, indexes, ttlFields] = await sideBySide([
      firestore.document(ownerDocument(id), signal),
      firestore.indexes(itemsGroup(id), signal),
      firestore.ttlFields(itemsGroup(id), signal),
    ]);
    return { database, meta: document && readMeta(document), indexes: liveIndexes(indexes), ttlFields };
  }

  async function create(name: string, want: TableWant, call: Call): Promise<Created<TableOutputs>> {
    const id = databaseName(project, name);
    await step(`let Firestore use the key ${want.encryptionKey}`, () =>
      letServiceUseKey(gcp, "firestore", want.encryptionKey, call.signal),
    );
    const before = asked.has(id);
    asked.add(id);
    try {
      progress.started(
        id,
        "create",
        await firestore.createDatabase(project, name, toDatabase(want, place.region), call.signal),
      );
    } catch (error) {
      if (!before && error instanceof ProviderError && !maybeDone(error)) asked.delete(id);
      if (!isAlreadyExists(error)) throw error;
      await refuseForeign(id, call);
    }
    return { id };
  }

  async function update(
    seen: Seen,
    want: TableWant,
    changed: ReadonlySet<keyof TableWant & string>,
    call: Call,
  ): Promise<void> {
    const { id } = seen;
    // A database whose keys are not recorded is new to us: all of its indexes are due.
    const live =
      changed.has("indexes") || seen.actual.partitionKey === undefined
        ? liveIndexes(await firestore.indexes(itemsGroup(id), call.signal))
        : undefined;
    let schema: Schema | undefined;
    if (changed.has("tags") || live) {
      const before = await step(`write the document ${OWNER_COLLECTION}/owner of ${shortName(id)}`, () =>
        writeMeta(id, (meta) => described(meta, want, changed, live), call),
      );
      asked.delete(id);
      schema = before?.schema;
    }
    const mask = databaseMask(changed);
    if (mask.length > 0) {
      const database = { name: id, ...settingsOf(want) };
      return step(`update the database ${shortName(id)}`, async () =>
        progress.started(id, "change", await firestore.updateDatabase(database, mask, call.signal)),
      );
    }
    if (changed.has("ttlField") && (await changeTtl(id, want.ttlField, call))) return;
    if (live) await changeIndexes(id, want, schema, live, call);
  }

  /** Clears a field that is not wanted, or sets the one that is. True when an operation was started. */
  async function changeTtl(id: string, wanted: string | null, call: Call): Promise<boolean> {
    const fields = await firestore.ttlFields(itemsGroup(id), call.signal);
    const other = fields.find((field) => ttlFieldName(field) !== wanted);
    const name = other?.name ?? (wanted !== null && fields.length === 0 ? ttlFieldPath(id, wanted) : undefined);
    if (name === undefined) return false;
    const field = other ? { name } : { name, ttlConfig: {} };
    await step(`${other ? "clear" : "set"} the time to live by ${ttlFieldName(field)}`, async () =>
      progress.started(id, "change", await firestore.updateField(field, ["ttl_config"], call.signal)),
    );
    return true;
  }

  /** Takes down what is ours and not wanted, then starts the first that is missing. */
  async function changeIndexes(
    id: string,
    want: TableWant,
    before: Schema | undefined,
    live: ReturnType<typeof liveIndexes>,
    call: Call,
  ): Promise<void> {
    const { remove, add } = indexSteps(want, before, live);
    for (const index of remove)
      await step(`delete the index ${shortName(index.name ?? "")}`, () =>
        firestore.deleteIndex(index.name ?? "", call.signal),
      );
    if (add === undefined) return;
    const named = neededIndexes(want).find((index) => shapesOf(index).includes(add))?.name ?? "";
    await step(`create the index ${named}`, async () => {
      try {
        progress.started(id, "change", await firestore.createIndex(itemsGroup(id), toIndex(add), call.signal));
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    });
  }

  return {
    service: "firestore",
    ids: "derived",
    recordsIntent: true,
    immutable: ["partitionKey", "sortKey", "encryptionKey"],
    fit: fitTable,
    foresee: (name) => tableOutputs(databaseName(project, name), place.region),
    async list({ signal }) {
      const databases = await firestore.databases(project, signal);
      return databases.flatMap(({ name }) => (name ? [{ name: shortName(name), id: name }] : []));
    },
    observe,
    create,
    update,
    async delete(seen, _at, call) {
      const database = await firestore.database(seen.id, call.signal);
      if (!database) return;
      const operation = await firestore.deleteDatabase(seen.id, database.etag ?? "", call.signal);
      asked.delete(seen.id);
      if (operation) progress.started(seen.id, "delete", operation);
    },
    isEmpty: async (seen, call) =>
      (await firestore.collections(seen.id, call.signal)).every((one) => one === OWNER_COLLECTION),
    restore: async (seen, name, moment, call) => {
      const at = moment ?? new Date(now());
      const operation = await firestore.cloneDatabase(project, name, seen.id, at, call.signal);
      progress.started(databaseName(project, name), "create", operation);
    },
    adopt: (seen, want, call) =>
      mark(seen, marksOf(want.tags), { partitionKey: want.partitionKey, sortKey: want.sortKey, indexes: [] }, call),
    release: (seen, call) => mark(seen, without(HOLDER_MARKS), undefined, call),
  };
}

const ttlFieldPath = (id: string, attribute: string): string => `${itemsGroup(id)}/fields/${quoted(attribute)}`;

/** A failure after which the cloud may have done it all the same. */
const maybeDone = ({ fault }: ProviderError): boolean => fault === "transient";

function described(
  meta: Meta,
  want: TableWant,
  changed: ReadonlySet<keyof TableWant & string>,
  live: ReturnType<typeof liveIndexes> | undefined,
): Meta {
  const { partitionKey, sortKey } = meta.schema ?? want;
  return {
    tags: changed.has("tags") ? mergeTags(meta.tags, want.tags) : meta.tags,
    schema: {
      partitionKey,
      sortKey,
      indexes: live ? recordedIndexes(want.indexes, meta.schema, live) : (meta.schema?.indexes ?? []),
    },
  };
}
