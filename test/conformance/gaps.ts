import type { Gap } from "../../operator/provider/conformance/index.ts";

/** What the emulators of the test bed can't show. A gap that is none any more turns its case red. */
export const gaps: readonly Gap[] = [];
