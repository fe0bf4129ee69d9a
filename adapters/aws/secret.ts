import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  ListSecretsCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { dueOf, overlapOver, STATE, stateText } from "../../operator/provider/kept-value.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Provider } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { type Replica, replicasOf, secretReplicas } from "./secret-replicas.ts";
import {
  actualSecret,
  fitSecret,
  inForce,
  type Live,
  liveOf,
  nameOfSecret,
  payloadOf,
  secretOutputs,
  versionId,
} from "./secret-shape.ts";
import { secretValues } from "./secret-values.ts";
import { tagChanges, tagList, tagsToCreate } from "./tags.ts";

/** A name that is held is looked at again after this time at the latest, in ms. */
const LOOK_AGAIN_MS = 3_600_000;

/**
 * ManagedSecret as secret of Secrets Manager. One call makes it, value and tags included. A new value is one call too,
 * under a version id that follows from the one before and from the wish: sent twice it is made once; then one tag records
 * which version answers which wish, and since when.
 */
export function secretProvider(aws: Aws): Provider<SecretWant, SecretOutputs> {
  const { secretsManager: client, now } = aws;
  const replicas = secretReplicas(aws);
  const options = (call: Call) => ({ abortSignal: call.signal });
  const seconds = () => Math.floor(now() / 1000);

  const values = secretValues(aws);

  async function find(name: string, call: Call): Promise<Live | undefined> {
    const reply = await askFor(
      "Secrets Manager DescribeSecret",
      client.send(new DescribeSecretCommand({ SecretId: name }), options(call)),
    );
    return reply && liveOf(aws, reply);
  }

  async function setTags(arn: string, set: Readonly<Record<string, string>>, call: Call): Promise<void> {
    if (Object.keys(set).length === 0) return;
    await step("set tags", () =>
      ask(
        "Secrets Manager TagResource",
        client.send(new TagResourceCommand({ SecretId: arn, Tags: tagList(set) }), options(call)),
      ),
    );
  }

  async function removeTags(arn: string, TagKeys: readonly string[], call: Call): Promise<void> {
    if (TagKeys.length === 0) return;
    await step("remove tags", () =>
      askFor(
        "Secrets Manager UntagResource",
        client.send(new UntagResourceCommand({ SecretId: arn, TagKeys: [...TagKeys] }), options(call)),
      ),
    );
  }

  /** One of that name is there: ours that was deleted is had back; ours that lives is for the next look. */
  async function takeOver(name: string, refused: ProviderError, call: Call): Promise<{ id: string }> {
    const live = await find(name, call);
    if (!live) throw refused;
    const owner = ownerOf(live.tags);
    if (!owner || !sameObject(owner, call.owner))
      throw new ProviderError("conflict", `Secrets Manager secret ${name} exists and does not carry our marks`, {
        code: "ResourceExistsException",
      });
    if (live.goesAt !== undefined)
      await step("restore it, since it was deleted less than recoveryDays ago", () =>
        ask(
          "Secrets Manager RestoreSecret",
          client.send(new RestoreSecretCommand({ SecretId: live.arn }), options(call)),
        ),
      );
    return { id: live.arn };
  }

  return {
    ids: "derived",
    service: "secretsmanager",
    immutable: [],
    fit: (want) => fitSecret(aws, want),

    async observe(at, call) {
      const live = await find(at.id === undefined ? at.name : nameOfSecret(at.id), call);
      if (!live) return { exists: false };
      const owner = ownerOf(live.tags);
      if (live.goesAt !== undefined) {
        // Ours is had back by create; of anybody else's the name is held.
        if (owner && sameObject(owner, call.owner)) return { exists: false };
        return { exists: false, reservedForMs: Math.min(Math.max(live.goesAt - now(), 60_000), LOOK_AGAIN_MS) };
      }
      const due = live.state && inForce(live) ? dueOf(live.state, live.previous !== undefined, now()) : [];
      return {
        exists: true,
        id: live.arn,
        owner,
        phase: "ready",
        actual: actualSecret(live),
        outputs: secretOutputs(live.arn, live.current ?? ""),
        ...(live.current === undefined ? {} : { versions: { current: live.current, previous: live.previous } }),
        ...(due.length > 0 ? { due } : {}),
      };
    },

    /** Those that another service of AWS manages, such as passwords of databases, are that service's. */
    async list({ signal }) {
      const pages = await pagesOf("Secrets Manager ListSecrets", (NextToken) =>
        client.send(new ListSecretsCommand({ MaxResults: 100, ...(NextToken ? { NextToken } : {}) }), {
          abortSignal: signal,
        }),
      );
      return pages
        .flatMap(({ SecretList = [] }) => SecretList)
        .filter(({ OwningService }) => !OwningService)
        .map(({ Name = "", ARN = "" }) => ({ name: Name, id: ARN }));
    },

    async create(name, want, call) {
      const payload = payloadOf(await values.read(call));
      const ClientRequestToken = versionId(name, undefined, want.value);
      const state = { ...settings(want), version: ClientRequestToken, since: seconds() };
      const request = {
        Name: name,
        ClientRequestToken,
        ...payload,
        ...(want.encryptionKey !== null && { KmsKeyId: want.encryptionKey }),
        ...(typeof want.overrides.description === "string" && { Description: want.overrides.description }),
        Tags: tagList({ ...tagsToCreate(want.tags, call.owner), [STATE]: stateText(state) }),
      };
      try {
        const made = await ask(
          "Secrets Manager CreateSecret",
          client.send(new CreateSecretCommand(request), options(call)),
        );
        const id = required("Secrets Manager CreateSecret", "ARN", made.ARN);
        const current = required("Secrets Manager CreateSecret", "VersionId", made.VersionId);
        await replicas.add(id, replicasOf(want.overrides.replicas), call);
        return { id, outputs: secretOutputs(id, current), versions: { current } };
      } catch (error) {
        if (!(error instanceof ProviderError) || !/^(ResourceExists|InvalidRequest)/.test(error.code)) throw error;
        return takeOver(name, error, call);
      }
    },

    async update(seen, want, changed, call) {
      const live = await find(nameOfSecret(seen.id), call);
      if (!live) throw new ProviderError("transient", `Secrets Manager does not show ${seen.id} any more`);
      if (changed.has("overrides"))
        await replicas.bring(live.arn, live.replicas, replicasOf(want.overrides.replicas), call);
      const described = live.description === (want.overrides.description ?? "");
      if (changed.has("encryptionKey") || (changed.has("overrides") && !described))
        await step("set key and description", () =>
          ask(
            "Secrets Manager UpdateSecret",
            client.send(
              new UpdateSecretCommand({
                SecretId: live.arn,
                // Empty: the key of AWS itself.
                KmsKeyId: want.encryptionKey ?? "",
                Description: typeof want.overrides.description === "string" ? want.overrides.description : "",
              }),
              options(call),
            ),
          ),
        );
      const kept = changed.has("value")
        ? await values.bring(live, want, call)
        : { version: live.state?.version ?? live.current ?? null, since: live.state?.since ?? seconds() };
      const state = stateText({ ...settings(want), ...kept });
      const { set, remove } = changed.has("tags")
        ? tagChanges(live.tags, want.tags, call.owner)
        : { set: {}, remove: [] };
      const about = ["value", "rotation", "recoveryDays"].some((field) =>
        changed.has(field as keyof SecretWant & string),
      );
      await setTags(live.arn, { ...set, ...(about && live.tags[STATE] !== state ? { [STATE]: state } : {}) }, call);
      await removeTags(live.arn, remove, call);
      const overlap = live.state && inForce(live) && !changed.has("value") && overlapOver(live.state, now());
      if (overlap && live.previous !== undefined) await values.retire(live, call);
    },

    async delete(seen, _at, call) {
      // A secret with copies can't be deleted.
      const copies = (seen.actual.overrides?.replicas ?? []) as unknown as readonly Replica[];
      await replicas.remove(
        seen.id,
        copies.map(({ region }) => region),
        call,
      );
      const days = seen.actual.recoveryDays;
      const how =
        days === 0 ? { ForceDeleteWithoutRecovery: true } : days === undefined ? {} : { RecoveryWindowInDays: days };
      await askFor(
        "Secrets Manager DeleteSecret",
        client.send(new DeleteSecretCommand({ SecretId: seen.id, ...how }), options(call)),
      );
    },

    /** A value that is there is kept but where it comes from a Secret: it is in use somewhere. */
    async adopt(seen, want, call) {
      const live = want.value.from === "Secret" ? undefined : await find(nameOfSecret(seen.id), call);
      const state = live?.current && { ...settings(want), version: live.current, since: seconds() };
      await setTags(seen.id, { ...ownerTags(call.owner), ...(state ? { [STATE]: stateText(state) } : {}) }, call);
    },

    release: (seen, call) => removeTags(seen.id, HOLDER_MARKS, call),

    reveal: (seen, version, call) => values.reveal(seen.id, version, call),
  };
}

const settings = ({ value, rotation, recoveryDays }: SecretWant) => ({ value, rotation, recoveryDays });
