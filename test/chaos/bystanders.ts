import { isDeepStrictEqual } from "node:util";
import { type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import type { LeafObject } from "../../operator/reconcile/leaf-object.ts";
import type { Side } from "../support/side.ts";
import { createScribe, type Outcome } from "./report.ts";

/** Resources of somebody else, of every kind, that stand beside ours for a whole run. */
export interface Bystanders {
  /** U3: none of them was touched. */
  outcome(): Promise<Outcome>;
}

interface Bystander {
  readonly title: string;
  snapshot(): Promise<unknown>;
  readonly before: unknown;
}

export async function placeBystanders({ name: cloud, kinds }: Side): Promise<Bystanders> {
  const placed: Bystander[] = [];
  for (const tried of kinds.filter((one) => canBeForeign(one, cloud))) {
    const title = titleOf(tried);
    const name = `bystander-${title.toLowerCase().replaceAll(" ", "-")}`;
    const object = { kind: tried.kind.leaf.kind, metadata: { name, namespace: "others" }, spec: tried.kind.spec() };
    const subject = { name, object: object as unknown as LeafObject };
    await tried.on.createForeign(subject);
    const snapshot = () => tried.on.snapshot(subject);
    placed.push({ title, snapshot, before: await snapshot() });
  }
  return {
    async outcome() {
      const scribe = createScribe("what is not ours is not touched", cloud);
      for (const { title, snapshot, before } of placed) {
        scribe.plan(title);
        scribe.hit();
        const after = await snapshot();
        if (!isDeepStrictEqual(after, before))
          scribe.violation(
            "U3 no foreign writes",
            `${title}: ${JSON.stringify(before)} became ${JSON.stringify(after)}`,
          );
      }
      return scribe.outcome();
    },
  };
}

/**
 * Where a kind carries no marks there is nothing of it that would be foreign; and what refers to something would need that
 * to be there.
 */
const canBeForeign = ({ kind }: Tried, cloud: string): boolean =>
  kind.leaf.references(kind.spec()).length === 0 &&
  !Object.keys(kind.doesNotApply).some((id) => id === "L19" || id === `L19 ${cloud}`);
