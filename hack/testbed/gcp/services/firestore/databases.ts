/** What Firestore does with databases beyond the standard methods: comments of google/firestore/admin/v1/database.proto. */

import { CloudError, invalid, precondition } from "../../engine/errors.ts";
import { child, duration, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import { shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { Call, Handler } from "../../engine/world.ts";
import { checkKeyUse } from "../kms/use.ts";

export const DATABASE = "firestore.googleapis.com/Database";
const DELETED = "deleted:firestore.googleapis.com/Database";

const ID = /^[a-z][a-z0-9-]{2,61}[a-z0-9]$/;
const UUID_LIKE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOUR = 60 * 60;
const WEEK = 7 * 24 * HOUR;
/** https://cloud.google.com/firestore/quotas#databases */
const MAXIMUM = 100;

function checkId(name: string): void {
  const id = shortName(name);
  if (id !== "(default)" && (!ID.test(id) || UUID_LIKE.test(id)))
    throw invalid(
      `Invalid database_id "${id}": 4 to 63 lower-case letters, digits or hyphens, from a letter to a letter or digit, not like a UUID.`,
      "database_id",
    );
}

/** A deleted database's name can't be used again for some minutes. */
function checkFree(name: string, { world: { store, clock, settings } }: Call): void {
  for (const deleted of store.list(DELETED, "")) {
    const free = millisOf(deleted.deleteTime as Message) + settings.databaseNameMillis;
    if (deleted.previousId === shortName(name) && free > clock.now())
      throw precondition(
        `Database ID '${shortName(name)}' is not available. Please retry in ${String(Math.ceil((free - clock.now()) / 1000))} seconds.`,
      );
  }
}

const pitrOn = (database: Message): boolean =>
  database.pointInTimeRecoveryEnablement === "POINT_IN_TIME_RECOVERY_ENABLED";

/** The retention follows from the recovery setting. */
const withRetention = (database: Message): Message => ({
  ...database,
  versionRetentionPeriod: duration(pitrOn(database) ? WEEK : HOUR),
});

function create(database: Message, call: Call): Message {
  const { store } = call.world;
  const name = text(database, "name");
  if (text(database, "locationId") === "") throw invalid("database.location_id is required.", "database.location_id");
  if (database.type === undefined) throw invalid("database.type is required.", "database.type");
  const others = store.list(DATABASE, "");
  if (others.length >= MAXIMUM)
    throw new CloudError(
      "RESOURCE_EXHAUSTED",
      `The project already has ${String(MAXIMUM)} databases, which is its quota.`,
    );
  const standard = (database.databaseEdition ?? "STANDARD") === "STANDARD";
  if (shortName(name) === "(default)" && !standard)
    throw invalid("The (default) database must be of the standard edition.", "database_id");
  checkKeyUse(text(child(database, "cmekConfig"), "kmsKeyName"), "gcp-sa-firestore", call);
  const { etag: _etag, ...input } = database;
  return withRetention({
    databaseEdition: "STANDARD",
    concurrencyMode: standard ? "PESSIMISTIC" : "OPTIMISTIC",
    pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_DISABLED",
    appEngineIntegrationMode: "DISABLED",
    deleteProtectionState: "DELETE_PROTECTION_DISABLED",
    firestoreDataAccessMode: standard ? "DATA_ACCESS_MODE_ENABLED" : "DATA_ACCESS_MODE_DISABLED",
    mongodbCompatibleDataAccessMode: standard ? "DATA_ACCESS_MODE_DISABLED" : "DATA_ACCESS_MODE_ENABLED",
    freeTier: !others.some((other) => other.freeTier === true),
    ...input,
  });
}

/** Reads what can't be stored: the earliest version moves with the clock. */
function read(database: Message, { world: { clock } }: Call): Message {
  const retention = millisOf(database.versionRetentionPeriod as Message);
  return { ...database, earliestVersionTime: timestamp(clock.now() - retention) };
}

/** The name that the list of deleted databases shows: another one, so that the id can be used again. */
function bury(database: Message, { world: { store, clock } }: Call): void {
  const project = text(database, "name").split("/databases/")[0] ?? "";
  const name = `${project}/databases/${text(database, "uid")}`;
  const previousId = shortName(text(database, "name"));
  store.put(DELETED, name, { ...database, name, previousId, deleteTime: timestamp(clock.now()) });
}

export const databases: Semantics = {
  immutable: new Set(["location_id", "cmek_config"]),
  staleEtag: "FAILED_PRECONDITION",
  taken: () => new CloudError("ALREADY_EXISTS", "Database already exists. Please use another database_id"),
  checkName(name, call) {
    checkId(name);
    checkFree(name, call);
  },
  create,
  update: (_before, after) => withRetention(after),
  read,
  remove(database) {
    if (database.deleteProtectionState === "DELETE_PROTECTION_ENABLED")
      throw precondition(
        `Database ${text(database, "name")} has delete protection enabled: disable it before deleting.`,
      );
  },
  removed: bury,
};

/** ListDatabases has no pages, and shows deleted databases on request. */
export const listDatabases: Handler = (call) => {
  const prefix = `${text(call.request, "parent")}/databases/`;
  const live = call.view.list(DATABASE, prefix).map((database) => read(database, call));
  const deleted = call.request.showDeleted === true ? call.view.list(DELETED, prefix) : [];
  return { databases: [...live, ...deleted] };
};
