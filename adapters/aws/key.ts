import { ProviderError } from "../../operator/provider/fault.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";

/**
 * The one form in which we write and compare KMS keys: the key's ARN. Aliases are refused, since services report the
 * key behind them and policies don't take them.
 */
export function keyArn(aws: Pick<Aws, "arn">, key: string | null): string | null {
  if (key === null || key === "") return null;
  const resource = parseArn(key)?.resource ?? key;
  if (resource.startsWith("alias/"))
    throw new ProviderError(
      "invalid",
      `encryption.keyRef: "${key}" is an alias; give the key's ARN or id, such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…`,
      { code: "KeyAlias" },
    );
  return parseArn(key) ? key : aws.arn("kms", `key/${resource.replace(/^key\//, "")}`);
}
