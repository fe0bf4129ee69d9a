import type { Scenario } from "../scenario.ts";
import { poison, slowCloud } from "./bulkheads.ts";
import { crashAtEveryWrite } from "./crashes.ts";
import { deletedBehind, drift, others } from "./drift.ts";
import { credentialsGone, namespaceDeleted } from "./goodbyes.ts";
import { nameHeld, sameName, taken } from "./names.ts";
import { deletedMeanwhile, immutableField } from "./objects.ts";
import { oddObjects, pastTheSchema } from "./odd.ts";
import { throttled, unwell } from "./pressure.ts";
import { clockSteps, endedInGoodOrder, leaderStopped, slowLeases } from "./replicas.ts";
import { lostReply, partialCreate, shownLate, unknownState } from "./replies.ts";
import { restarted, rotatedCredentials, userFirst } from "./restarts.ts";

/** Every scenario, in the order of the faults. */
export const scenarios: readonly Scenario[] = [
  crashAtEveryWrite,
  leaderStopped,
  slowLeases,
  endedInGoodOrder,
  throttled,
  unwell,
  lostReply,
  shownLate,
  nameHeld,
  partialCreate,
  drift,
  others,
  deletedBehind,
  taken,
  sameName,
  immutableField,
  credentialsGone,
  namespaceDeleted,
  deletedMeanwhile,
  oddObjects,
  pastTheSchema,
  poison,
  slowCloud,
  rotatedCredentials,
  restarted,
  userFirst,
  clockSteps,
  unknownState,
];
