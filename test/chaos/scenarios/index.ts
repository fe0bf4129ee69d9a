import type { Scenario } from "../scenario.ts";
import { restart, tooMany } from "./absent-servers.ts";
import { singleChanges } from "./changes.ts";
import { compositeCrashes } from "./composites.ts";
import { crashAtEveryWrite } from "./crashes.ts";
import { expired } from "./expired.ts";
import { lostEvents } from "./lost-events.ts";
import { quietKinds } from "./quiet-kinds.ts";
import { refusedWatches } from "./refused-watches.ts";
import { madeAnew, oldViews } from "./stale-views.ts";
import { conflicts, lostAnswers } from "./troubled-writes.ts";
import { watchesEnd } from "./watches.ts";

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
  singleChanges,
];
