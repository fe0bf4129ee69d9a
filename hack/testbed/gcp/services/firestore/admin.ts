/** google.firestore.admin.v1: databases, indexes, fields and backup schedules. */
import type { ServiceModule } from "../module.ts";
import { BACKUP_SCHEDULE, backupSchedules } from "./backup-schedules.ts";
import { cloneDatabase } from "./clone.ts";
import { DATABASE, databases, listDatabases } from "./databases.ts";
import { fieldHandlers } from "./fields.ts";
import { INDEX, indexes } from "./indexes.ts";

const ADMIN = "google.firestore.admin.v1.FirestoreAdmin";

export const firestoreAdmin = (): ServiceModule => ({
  services: [ADMIN],
  semantics: { [DATABASE]: databases, [INDEX]: indexes, [BACKUP_SCHEDULE]: backupSchedules },
  unary: {
    [`${ADMIN}.ListDatabases`]: listDatabases,
    [`${ADMIN}.CloneDatabase`]: cloneDatabase,
    ...fieldHandlers,
  },
});
