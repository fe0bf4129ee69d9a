import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  type KeyMetadata,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-kms";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { parseKeyPolicy } from "./key-policy.ts";
import type { PolicyDocument } from "./policy.ts";
import { tagsOf } from "./tags.ts";

/** The calls of KMS that we make. Keys are named by id or ARN, aliases as `alias/name`. Every one throws ProviderError. */
export type Kms = ReturnType<typeof kmsCalls>;

/** One page of a list, as KMS gives it. */
interface Page {
  readonly Truncated?: boolean | undefined;
  readonly NextMarker?: string | undefined;
}

export function kmsCalls({ kms }: Pick<Aws, "kms">) {
  const options = (signal: AbortSignal) => ({ abortSignal: signal });

  async function pages<P extends Page>(page: (Marker: string | undefined) => Promise<P>): Promise<P[]> {
    const all: P[] = [];
    let marker: string | undefined;
    do {
      const one = await page(marker);
      all.push(one);
      marker = one.Truncated ? one.NextMarker : undefined;
    } while (marker !== undefined);
    return all;
  }

  const marked = (Marker: string | undefined) => (Marker === undefined ? {} : { Marker });

  return {
    /** By id, ARN or alias. Undefined: there is none. */
    async describe(KeyId: string, signal: AbortSignal): Promise<KeyMetadata | undefined> {
      const operation = "KMS DescribeKey";
      const found = await askFor(operation, kms.send(new DescribeKeyCommand({ KeyId }), options(signal)));
      return found && required(operation, "KeyMetadata", found.KeyMetadata);
    },

    async tags(KeyId: string, signal: AbortSignal): Promise<Record<string, string>> {
      const operation = "KMS ListResourceTags";
      const all = await pages((marker) =>
        ask(operation, kms.send(new ListResourceTagsCommand({ KeyId, ...marked(marker) }), options(signal))),
      );
      const tags = all.flatMap(({ Tags }) => required(operation, "Tags", Tags));
      return tagsOf(tags.map(({ TagKey, TagValue }) => ({ Key: TagKey ?? "", Value: TagValue ?? "" })));
    },

    async policy(KeyId: string, signal: AbortSignal): Promise<PolicyDocument> {
      const operation = "KMS GetKeyPolicy";
      const reply = await ask(
        operation,
        kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }), options(signal)),
      );
      return parseKeyPolicy(required(operation, "Policy", reply.Policy));
    },

    /** Days between two rotations; null: it isn't rotated. */
    async rotation(KeyId: string, signal: AbortSignal): Promise<number | null> {
      const operation = "KMS GetKeyRotationStatus";
      const reply = await ask(operation, kms.send(new GetKeyRotationStatusCommand({ KeyId }), options(signal)));
      const on = required(operation, "KeyRotationEnabled", reply.KeyRotationEnabled);
      return on ? (reply.RotationPeriodInDays ?? null) : null;
    },

    /** Ids of the customer's keys to which no alias leads. */
    async unnamed(signal: AbortSignal): Promise<readonly string[]> {
      const keys = await pages((marker) =>
        ask("KMS ListKeys", kms.send(new ListKeysCommand({ Limit: 1000, ...marked(marker) }), options(signal))),
      );
      const aliases = await pages((marker) =>
        ask("KMS ListAliases", kms.send(new ListAliasesCommand({ Limit: 100, ...marked(marker) }), options(signal))),
      );
      const named = new Set(
        aliases.flatMap(({ Aliases }) => required("KMS ListAliases", "Aliases", Aliases)).map((one) => one.TargetKeyId),
      );
      return keys
        .flatMap(({ Keys }) => required("KMS ListKeys", "Keys", Keys))
        .flatMap(({ KeyId }) => (KeyId === undefined || named.has(KeyId) ? [] : [KeyId]));
    },

    /** Every alias of a customer's key, with the id of that key. */
    async aliases(signal: AbortSignal): Promise<readonly { readonly name: string; readonly id: string }[]> {
      const operation = "KMS ListAliases";
      const all = await pages((marker) =>
        ask(operation, kms.send(new ListAliasesCommand({ Limit: 100, ...marked(marker) }), options(signal))),
      );
      return all
        .flatMap(({ Aliases }) => required(operation, "Aliases", Aliases))
        .flatMap(({ AliasName = "", TargetKeyId }) =>
          TargetKeyId === undefined || AliasName.startsWith("alias/aws/")
            ? []
            : [{ name: AliasName.replace(/^alias\//, ""), id: TargetKeyId }],
        );
    },

    /** The ARN of a new key. */
    async create(input: CreateKeyCommandInput, signal: AbortSignal): Promise<string> {
      const operation = "KMS CreateKey";
      const made = await ask(operation, kms.send(new CreateKeyCommand(input), options(signal)));
      return required(operation, "KeyMetadata.Arn", made.KeyMetadata?.Arn);
    },

    async alias(AliasName: string, TargetKeyId: string, signal: AbortSignal): Promise<void> {
      await ask("KMS CreateAlias", kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }), options(signal)));
    },
    async setPolicy(KeyId: string, Policy: string, signal: AbortSignal): Promise<void> {
      await ask(
        "KMS PutKeyPolicy",
        kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy }), options(signal)),
      );
    },
    async rotate(KeyId: string, RotationPeriodInDays: number, signal: AbortSignal): Promise<void> {
      await ask(
        "KMS EnableKeyRotation",
        kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }), options(signal)),
      );
    },
    async rotateNever(KeyId: string, signal: AbortSignal): Promise<void> {
      await ask("KMS DisableKeyRotation", kms.send(new DisableKeyRotationCommand({ KeyId }), options(signal)));
    },
    async enable(KeyId: string, signal: AbortSignal): Promise<void> {
      await ask("KMS EnableKey", kms.send(new EnableKeyCommand({ KeyId }), options(signal)));
    },
    async disable(KeyId: string, signal: AbortSignal): Promise<void> {
      await ask("KMS DisableKey", kms.send(new DisableKeyCommand({ KeyId }), options(signal)));
    },
    /** The key is Disabled afterwards. */
    async cancelDeletion(KeyId: string, signal: AbortSignal): Promise<void> {
      await ask("KMS CancelKeyDeletion", kms.send(new CancelKeyDeletionCommand({ KeyId }), options(signal)));
    },
    async scheduleDeletion(KeyId: string, PendingWindowInDays: number, signal: AbortSignal): Promise<void> {
      await askFor(
        "KMS ScheduleKeyDeletion",
        kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }), options(signal)),
      );
    },
    async tag(KeyId: string, tags: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
      await ask("KMS TagResource", kms.send(new TagResourceCommand({ KeyId, Tags: keyTags(tags) }), options(signal)));
    },
    async untag(KeyId: string, TagKeys: string[], signal: AbortSignal): Promise<void> {
      await askFor("KMS UntagResource", kms.send(new UntagResourceCommand({ KeyId, TagKeys }), options(signal)));
    },
  };
}

/** Tags as KMS writes them. */
export const keyTags = (tags: Readonly<Record<string, string>>): { TagKey: string; TagValue: string }[] =>
  Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
