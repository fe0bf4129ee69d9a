/** `node hack/sbom.ts`: all packages that are shipped, as CycloneDX, to standard output. */
import { resolve } from "node:path";
import { sbom } from "./packaging/sbom.ts";

process.stdout.write(await sbom(resolve(import.meta.dirname, "..")));
