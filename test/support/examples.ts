import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type OnyxServiceSpec, onyxService } from "../../crds/onyxservice.ts";

/** An OnyxService of examples/, with the defaults that the API server fills in. */
export interface Example {
  readonly file: string;
  readonly name: string;
  readonly spec: OnyxServiceSpec;
}

/** Every OnyxService under examples/. */
export function exampleServices(): readonly Example[] {
  const root = new URL("../../examples/", import.meta.url).pathname;
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(root, file), "utf8")).flatMap((document): Example[] => {
        const object = document.toJS() as { kind?: string; metadata?: { name: string }; spec?: unknown } | null;
        if (object?.kind !== "OnyxService" || !object.metadata) return [];
        return [{ file, name: object.metadata.name, spec: onyxService.spec.parse(object.spec) }];
      }),
    );
}
