import type { Scenario } from "../scenario.ts";
import { crashAtEveryWrite } from "./crashes.ts";
import { clockSteps, endedInGoodOrder, leaderStopped, slowLeases } from "./replicas.ts";
import { restarted, rotatedCredentials, userFirst } from "./restarts.ts";

/** Every scenario, in the order of the faults. */
export const scenarios: readonly Scenario[] = [
  crashAtEveryWrite,
  leaderStopped,
  slowLeases,
  endedInGoodOrder,
  rotatedCredentials,
  restarted,
  userFirst,
  clockSteps,
];
