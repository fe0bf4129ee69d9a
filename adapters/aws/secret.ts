import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { SecretOutputs, SecretWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import {
  dueOf,
  overlapOver,
  rotationDue,
  STATE,
  stateText,
  type ValueState,
} from "../../operator/provider/kept-value.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Provider } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { type Replica, replicasOf, secretReplicas } from "./secret-replicas.ts";
import {
  actualSecret,
  bytesOf,
  CURRENT,
  fitSecret,
  inForce,
  type Live,
  liveOf,
  nameOfSecret,
  PREVIOUS,
  payloadOf,
  secretOutputs,
  versionId,
} from "./secret-shape.ts";
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

  async function find(name: string, call: Call): Promise<Live | undefined> {
    const reply = await askFor(
      "Secrets Manager DescribeSecret",
      client.send(new DescribeSecretCommand({ SecretId: name }), options(call)),
    );
    return reply && liveOf(aws, reply);
  }

  const readValue = async (call: Call): Promise<Uint8Array> => {
    if (call.value) return call.value();
    throw new ProviderError("invalid", "No value came with the secret.", { code: "NoValue" });
  };

  async function holds(live: Live, value: Uint8Array, call: Call): Promise<boolean> {
    if (live.current === undefined) return false;
    const reply = await step("compare it with the value in force", () =>
      ask(
        "Secrets Manager GetSecretValue",
        client.send(new GetSecretValueCommand({ SecretId: live.arn, VersionId: live.current }), options(call)),
      ),
    );
    return Buffer.compare(bytesOf(reply), value) === 0;
  }

  async function moveBack(live: Live, version: string, call: Call): Promise<void> {
    const request = {
      SecretId: live.arn,
      VersionStage: CURRENT,
      MoveToVersionId: version,
      RemoveFromVersionId: live.current,
    };
    await step("put the version back in force that was", () =>
      ask(
        "Secrets Manager UpdateSecretVersionStage",
        client.send(new UpdateSecretVersionStageCommand(request), options(call)),
      ),
    );
  }

  /** Has the wished value in force, with as few new versions as can be. @returns which version it is, and since when */
  async function bring(live: Live, want: SecretWant, call: Call): Promise<Pick<ValueState, "version" | "since">> {
    const { state, current, previous } = live;
    if (want.value.from === "External") return { version: current ?? null, since: state?.since ?? seconds() };
    const rotating = state !== undefined && inForce(live) && rotationDue(state, now());
    const recorded = state !== undefined && inForce(live);
    // The reply was lost, or the process ended, before what was made could be recorded.
    if (!recorded && current !== undefined && current === versionId(live.name, previous, want.value))
      return { version: current, since: seconds() };
    const same =
      state !== undefined && state.value.from === want.value.from && state.value.revision === want.value.revision;
    if (!rotating && state && same && state.version !== null && live.versions.includes(state.version)) {
      if (state.version !== current) await moveBack(live, state.version, call);
      return { version: state.version, since: state.since };
    }
    const value = await readValue(call);
    if (want.value.from === "Secret" && (await holds(live, value, call)))
      return { version: current ?? null, since: state?.since ?? seconds() };
    const ClientRequestToken = versionId(live.name, current, want.value);
    const request = { SecretId: live.arn, ClientRequestToken, ...payloadOf(value) };
    await step("put the new value", () =>
      ask("Secrets Manager PutSecretValue", client.send(new PutSecretValueCommand(request), options(call))),
    );
    return { version: ClientRequestToken, since: seconds() };
  }

  async function retire(live: Live, call: Call): Promise<void> {
    const request = { SecretId: live.arn, VersionStage: PREVIOUS, RemoveFromVersionId: live.previous };
    await step("end the overlap", () =>
      ask(
        "Secrets Manager UpdateSecretVersionStage",
        client.send(new UpdateSecretVersionStageCommand(request), options(call)),
      ),
    );
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
      const payload = payloadOf(await readValue(call));
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
        ? await bring(live, want, call)
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
      if (overlap && live.previous !== undefined) await retire(live, call);
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

    async reveal(seen, VersionId, call) {
      const reply = await askFor(
        "Secrets Manager GetSecretValue",
        client.send(new GetSecretValueCommand({ SecretId: seen.id, VersionId }), options(call)),
      );
      return reply && bytesOf(reply);
    },
  };
}

const settings = ({ value, rotation, recoveryDays }: SecretWant) => ({ value, rotation, recoveryDays });
