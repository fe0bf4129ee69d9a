import type { Step } from "./cloud-workflows-steps.ts";
import type { Value } from "./values.ts";

/** A list of steps that grows. */
export interface Block {
  readonly steps: readonly Step[];
  /** Sets a variable: in the last step, if that does nothing else and has room. */
  assign(variable: string, value: Value): void;
  step(body: { readonly [key: string]: Value }): void;
}

/** A step assigns so many variables. */
const MAX_ASSIGNS = 50;

/** @param fresh gives the names of the steps */
export function createBlock(fresh: () => string): Block {
  const steps: Step[] = [];
  /** The assigns of the last step, while it is one that takes more. */
  let open: Record<string, Value>[] | undefined;
  return {
    steps,
    assign(variable, value) {
      if (!open || open.length === MAX_ASSIGNS) {
        open = [];
        steps.push({ [fresh()]: { assign: open } });
      }
      open.push({ [variable]: value });
    },
    step(body) {
      open = undefined;
      steps.push({ [fresh()]: body });
    },
  };
}
