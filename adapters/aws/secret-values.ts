import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { SecretWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { rotationDue, type ValueState } from "../../operator/provider/kept-value.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor } from "./errors.ts";
import { bytesOf, CURRENT, inForce, type Live, PREVIOUS, payloadOf, versionId } from "./secret-shape.ts";

/**
 * What becomes of the versions of a secret. A new value is one call, under a version id that follows from the one before and
 * from the wish: sent twice it is made once.
 */
export function secretValues({ secretsManager: client, now }: Pick<Aws, "secretsManager" | "now">) {
  const options = (call: Call) => ({ abortSignal: call.signal });
  const seconds = () => Math.floor(now() / 1000);

  const read = async (call: Call): Promise<Uint8Array> => {
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
    const value = await read(call);
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

  /** The value of a version, undefined where AWS gives it no more. */
  async function reveal(SecretId: string, VersionId: string, call: Call): Promise<Uint8Array | undefined> {
    const reply = await askFor(
      "Secrets Manager GetSecretValue",
      client.send(new GetSecretValueCommand({ SecretId, VersionId }), options(call)),
    );
    return reply && bytesOf(reply);
  }

  return { bring, read, retire, reveal };
}
