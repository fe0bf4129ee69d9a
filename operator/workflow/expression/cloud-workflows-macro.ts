import type { Lowering } from "./cloud-workflows-lowering.ts";
import { expressionText, type Step } from "./cloud-workflows-steps.ts";
import type { Expression, Macro } from "./tree.ts";

interface Loop {
  /** The variable that holds the list. */
  readonly list: string;
  /** The variables of the result and of an item. */
  readonly result: string;
  readonly item: string;
  /** The steps of a block in which the macro's variable is the item. */
  each(at: Lowering, fill: (inner: Lowering) => void): readonly Step[];
}

/** Going through a list, as a loop; gives the source of its result. */
export function lowerMacro(macro: Macro, at: Lowering): string {
  const { name, over, variable, filter, body } = macro;
  const list = at.variable(at.as("list", over));
  const [result, item] = [at.fresh(), at.fresh()];
  const names = (other: string) => (other === variable ? item : at.names(other));
  const loop: Loop = { list, result, item, each: (outer, fill) => outer.within(fill, names) };
  switch (name) {
    case "map":
      return collect(at, loop, filter, (inner) => inner.source(body));
    case "filter":
      return collect(at, loop, body, () => item);
    case "exists":
      return search(at, loop, body, { from: false, found: result });
    case "all":
      return search(at, loop, body, { from: true, found: `${result} == false` });
    case "exists_one":
      return `(${count(at, loop, body)} == 1)`;
  }
}

/** From the last item to the first, as a list grows alike at its head only. */
function collect(
  at: Lowering,
  { list, result, item, each }: Loop,
  condition: Expression | undefined,
  kept: (inner: Lowering) => string,
): string {
  const index = at.fresh();
  const prepend = (inner: Lowering) =>
    inner.block.assign(result, expressionText(`list.prepend(${result}, ${kept(inner)})`));
  at.block.assign(result, []);
  const steps = each(at, (inner) => {
    inner.block.assign(item, expressionText(`${list}[(len(${list}) - 1) - ${index}]`));
    if (condition) when(inner, inner.as("bool", condition), each(inner, prepend));
    else prepend(inner);
  });
  at.block.step({ for: { value: at.fresh(), index, in: expressionText(list), steps } });
  return result;
}

/** The condition of the first item for which `found`, a source, is true; `from` if there is none. */
function search(
  at: Lowering,
  { list, result, item, each }: Loop,
  condition: Expression,
  { from, found }: { readonly from: boolean; readonly found: string },
): string {
  at.block.assign(result, from);
  const steps = each(at, (inner) => {
    inner.block.assign(result, expressionText(inner.as("bool", condition)));
    inner.block.step({ switch: [{ condition: expressionText(found), next: "break" }] });
  });
  at.block.step({ for: { value: item, in: expressionText(list), steps } });
  return result;
}

function count(at: Lowering, { list, result, item, each }: Loop, condition: Expression): string {
  at.block.assign(result, 0);
  const steps = each(at, (inner) => {
    const counted = each(inner, ({ block }) => block.assign(result, expressionText(`${result} + 1`)));
    when(inner, inner.as("bool", condition), counted);
  });
  at.block.step({ for: { value: item, in: expressionText(list), steps } });
  return result;
}

function when({ block }: Lowering, condition: string, steps: readonly Step[]): void {
  block.step({ switch: [{ condition: expressionText(condition), steps }] });
}
