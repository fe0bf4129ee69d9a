/** Backup schedules: comments of google/firestore/admin/v1/schedule.proto. No backup is ever taken. */

import { CloudError, invalid } from "../../engine/errors.ts";
import { child, type Message, millisOf, text } from "../../engine/messages.ts";
import { parentName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";

export const BACKUP_SCHEDULE = "firestore.googleapis.com/BackupSchedule";

const FOURTEEN_WEEKS = 14 * 7 * 24 * 60 * 60 * 1000;
const RECURRENCES = ["dailyRecurrence", "weeklyRecurrence"] as const;

const recurrenceOf = (schedule: Message) => RECURRENCES.find((recurrence) => schedule[recurrence] !== undefined);

function check(schedule: Message): void {
  const retention = child(schedule, "retention");
  if (retention === undefined) throw invalid("retention is required.", "backup_schedule.retention");
  if (millisOf(retention) <= 0 || millisOf(retention) > FOURTEEN_WEEKS)
    throw invalid("retention must be positive and at most 14 weeks (8467200 s).", "backup_schedule.retention");
  if (recurrenceOf(schedule) === undefined)
    throw invalid("A daily or a weekly recurrence is required.", "backup_schedule.recurrence");
  if (child(schedule, "weeklyRecurrence") && child(schedule, "weeklyRecurrence")?.day === undefined)
    throw invalid("A weekly recurrence needs its day.", "backup_schedule.weekly_recurrence.day");
}

export const backupSchedules: Semantics = {
  immutable: new Set([...RECURRENCES.map((name) => name.replace("Recurrence", "_recurrence"))]),
  id: () => crypto.randomUUID(),
  create(schedule, { world: { store } }) {
    check(schedule);
    const siblings = store.list(BACKUP_SCHEDULE, `${parentName(text(schedule, "name"))}/backupSchedules/`);
    if (siblings.some((other) => recurrenceOf(other) === recurrenceOf(schedule)))
      throw new CloudError(
        "ALREADY_EXISTS",
        "The database has a backup schedule of this recurrence already: it can have one daily and one weekly.",
      );
    return schedule;
  },
  update(_before, after) {
    check(after);
    return after;
  },
};
