import type { Scenario } from "../scenario.ts";
import { burst } from "./burst.ts";
import { deletion } from "./delete.ts";
import { drift } from "./drift.ts";
import { failover } from "./failover.ts";
import { mass } from "./mass.ts";
import { outage } from "./outage.ts";
import { quiet } from "./quiet.ts";
import { restart } from "./restart.ts";
import { runs } from "./runs.ts";
import { single } from "./single.ts";
import { slow, throttled } from "./slow.ts";

/** All that can be measured. */
export const scenarios: readonly Scenario[] = [
  burst,
  single,
  quiet,
  restart,
  mass,
  slow,
  throttled,
  deletion,
  failover,
  drift,
  outage,
  runs,
];
/** Those that are measured when nothing is said. */
export const usualScenarios: readonly Scenario[] = [burst, single];
