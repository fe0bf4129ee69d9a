import { chaosOn } from "./lane-tests.ts";

chaosOn("gcp");
