import type { CaseWorld } from "./case-world.ts";
import type { CloudUnderTest } from "./cloud-under-test.ts";
import type { KindOnCloud } from "./kind-under-test.ts";
import type { AnyKind } from "./tried.ts";

/** One case of the suite. */
export interface Case {
  /** Its number in the list of cases: `L1` to `L29`. */
  readonly id: string;
  readonly title: string;
  /** Why it says nothing here, from what kind and cloud are; undefined: it applies. */
  readonly unless?: ((kind: AnyKind, on: KindOnCloud, cloud: CloudUnderTest) => string | undefined) | undefined;
  run(world: CaseWorld): Promise<void>;
}
