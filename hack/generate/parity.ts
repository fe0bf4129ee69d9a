import { PARITY_RULES } from "../../operator/parity/rules.ts";
import { code, table } from "./markdown.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** The page of the differences that `onyx parity` allows, from the list that it uses. */
export function parityPage(): Output {
  const text = [
    "# What may differ between EKS and GKE",
    `<!-- ${MARK} from operator/parity/rules.ts. -->`,
    "`onyx parity` compares two clusters object by object. A difference that no rule below names makes it fail.",
    table(
      ["rule", "kinds", "where", "why"],
      PARITY_RULES.map((rule) => [
        code(rule.name),
        rule.kinds.join(", "),
        rule.path.length > 0 ? code(rule.path.join(".")) : "the object itself",
        rule.reason,
      ]),
    ),
  ];
  return { path: "docs/reference/parity.md", text: `${text.join("\n\n")}\n` };
}
