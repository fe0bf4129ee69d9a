import type { Scenario } from "../scenario.ts";
import { crashAtEveryWrite } from "./crashes.ts";
import { watchesEnd } from "./watches.ts";

/** Every scenario, in the order of the faults. */
export const scenarios: readonly Scenario[] = [crashAtEveryWrite, watchesEnd];
