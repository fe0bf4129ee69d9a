import { createRequire } from "node:module";

interface AslError {
  readonly "Error code": string;
  readonly Message: string;
}

/** CommonJS, and without types. */
const validate = createRequire(import.meta.url)("asl-validator") as (definition: object) => { errors: AslError[] };

/**
 * What is wrong with a state machine's definition in Amazon States Language by its schema, transitions, names and JSONata's
 * syntax. Not by the scope of variables, and not by what only a run shows. It takes a tenth of a second.
 */
export function aslErrors(definition: object): string[] {
  const copy = structuredClone(definition); // the validator writes into it
  return validate(copy).errors.map((error) => `${error["Error code"]}: ${error.Message}`);
}
