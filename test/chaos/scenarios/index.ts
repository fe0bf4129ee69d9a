import type { Scenario } from "../scenario.ts";
import { restart, tooMany } from "./absent-servers.ts";
import { poison, slowCloud } from "./bulkheads.ts";
import { singleChanges } from "./changes.ts";
import { compositeCrashes } from "./composites.ts";
import { crashAtEveryWrite } from "./crashes.ts";
import { deletedBehind, drift, others } from "./drift.ts";
import { expired } from "./expired.ts";
import { credentialsGone, namespaceDeleted } from "./goodbyes.ts";
import { lostEvents } from "./lost-events.ts";
import { nameHeld, sameName, taken } from "./names.ts";
import { deletedMeanwhile, immutableField } from "./objects.ts";
import { oddObjects, pastTheSchema } from "./odd.ts";
import { throttled, unwell } from "./pressure.ts";
import { quietKinds } from "./quiet-kinds.ts";
import { refusedWatches } from "./refused-watches.ts";
import { clockSteps, endedInGoodOrder, leaderStopped, slowLeases } from "./replicas.ts";
import { lostReply, partialCreate, shownLate, unknownState } from "./replies.ts";
import { restarted, rotatedCredentials, userFirst } from "./restarts.ts";
import { madeAnew, oldViews } from "./stale-views.ts";
import { conflicts, lostAnswers } from "./troubled-writes.ts";
import { watchesEnd } from "./watches.ts";
import { webhooks } from "./webhooks.ts";

/** Every scenario, in the order of the faults. */
export const scenarios: readonly Scenario[] = [
  crashAtEveryWrite,
  compositeCrashes,
  oldViews,
  madeAnew,
  lostEvents,
  watchesEnd,
  expired,
  quietKinds,
  refusedWatches,
  restart,
  tooMany,
  conflicts,
  lostAnswers,
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
  webhooks,
  rotatedCredentials,
  restarted,
  userFirst,
  clockSteps,
  unknownState,
  singleChanges,
];

/** Those that are part of `make test`: what time of the lane's own makes quick. The others are run by `make chaos`. */
export const inTests: readonly Scenario[] = [
  crashAtEveryWrite,
  compositeCrashes,
  oldViews,
  madeAnew,
  lostAnswers,
  leaderStopped,
  lostReply,
  shownLate,
  partialCreate,
  drift,
  deletedBehind,
  taken,
  sameName,
  credentialsGone,
  namespaceDeleted,
  deletedMeanwhile,
  pastTheSchema,
  webhooks,
];
