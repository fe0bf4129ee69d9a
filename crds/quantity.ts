import { z } from "zod";

/** A quantity of Kubernetes, as text or a whole number. */
const quantity = (pattern: RegExp, max: number) =>
  z
    .union([z.int().min(1).max(max), z.string().max(20).regex(pattern)])
    .meta({ "x-kubernetes-int-or-string": true, pattern: pattern.source, minimum: 1 });

/** Processors: `250m`, `1.5` or `2`. */
export const cpu = () => quantity(/^[0-9]{1,6}(\.[0-9]{1,3}|m)?$/, 1000);

/** Memory: `512Mi`, `2Gi` or a number of bytes. */
export const memory = () => quantity(/^[0-9]{1,12}(\.[0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?$/, Number.MAX_SAFE_INTEGER);
