/** CloneDatabase: comments of google/firestore/admin/v1/firestore_admin.proto and snapshot.proto. It copies what is there now. */
import { alreadyExists, invalid, notFound } from "../../engine/errors.ts";
import { child, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Call, Handler } from "../../engine/world.ts";
import { DATABASE, databases } from "./databases.ts";
import { INDEX } from "./indexes.ts";
import { DOCUMENT } from "./writes.ts";

const MINUTE = 60_000;

/** "available for every minute up to the associated database's data retention period". */
function checkSnapshot(snapshot: Message, source: Message, { world: { clock } }: Call): void {
  const time = child(snapshot, "snapshotTime");
  if (time === undefined) throw invalid("snapshot_time is required.", "pitr_snapshot.snapshot_time");
  const at = millisOf(time);
  if (at % MINUTE !== 0) throw invalid("snapshot_time must be a whole minute.", "pitr_snapshot.snapshot_time");
  const earliest = clock.now() - millisOf(source.versionRetentionPeriod as Message);
  if (at > clock.now() || at < earliest)
    throw invalid("snapshot_time lies outside of the retention of the database.", "pitr_snapshot.snapshot_time");
}

function copyBelow(from: string, to: string, { world: { store } }: Call): void {
  for (const type of [DOCUMENT, INDEX])
    for (const one of store.list(type, `${from}/`)) {
      const name = to + text(one, "name").slice(from.length);
      store.put(type, name, { ...one, name });
    }
}

export const cloneDatabase: Handler = (call) => {
  const { request, world } = call;
  const { store, operations, clock } = world;
  const snapshot = child(request, "pitrSnapshot");
  if (snapshot === undefined) throw invalid("pitr_snapshot is required.", "pitr_snapshot");
  const from = text(snapshot, "database");
  const source = call.view.get(DATABASE, from);
  if (source === undefined) throw notFound(from);
  checkSnapshot(snapshot, source, call);
  const name = `${text(request, "parent")}/databases/${text(request, "databaseId")}`;
  if (store.get(DATABASE, name) !== undefined || operations.pendingOn(name) !== undefined) throw alreadyExists(name);
  databases.checkName?.(name, call);
  const { locationId, type, databaseEdition, cmekConfig } = source;
  const input: Message = { name, locationId, type, databaseEdition, ...(cmekConfig ? { cmekConfig } : {}) };
  const stored: Message = {
    ...(databases.create?.(input, call) ?? input),
    uid: crypto.randomUUID(),
    createTime: timestamp(clock.now()),
    updateTime: timestamp(clock.now()),
    etag: `etag-${String(store.nextRevision())}-${shortName(name)}`,
  };
  return operations.start({
    call,
    resource: name,
    effect() {
      store.put(DATABASE, name, stored);
      copyBelow(from, name, call);
      return databases.read?.(stored, call) ?? stored;
    },
  });
};
