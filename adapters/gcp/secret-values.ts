import type { SecretWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import {
  overlapOver,
  rotationDue,
  STATE,
  stateText,
  unfitValue,
  type ValueState,
} from "../../operator/provider/kept-value.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Gcp } from "./gcp.ts";
import type { Secret, SecretVersion } from "./secret-manager.ts";
import {
  ADDING,
  addingText,
  CURRENT,
  inForce,
  isExternal,
  type Live,
  liveOf,
  numberOf,
  PREVIOUS,
} from "./secret-shape.ts";

/**
 * What becomes of the versions of a secret.
 *
 * A new value takes three steps: the intent is written down (at first with the secret itself), the version is added, and
 * the alias moves with the record of what it answers. A version that is there after an intent is ours: whatever is cut off,
 * what is current can be read, and no version is made twice.
 */
export function secretValues({ secretManager, now }: Pick<Gcp, "secretManager" | "now">) {
  const seconds = () => Math.floor(now() / 1000);

  async function find(name: string, call: Call): Promise<Live | undefined> {
    const found = await secretManager.secret(name, call.signal);
    return found && liveOf(name, found);
  }

  const versionOf = (live: Live, alias: string, call: Call): Promise<SecretVersion | undefined> =>
    live.aliases[alias] === undefined
      ? Promise.resolve(undefined)
      : secretManager.version(`${live.name}/versions/${live.aliases[alias]}`, call.signal);

  /** The newest version that can be read. */
  async function newest(live: Live, call: Call): Promise<SecretVersion | undefined> {
    const versions = await secretManager.versions(live.name, call.signal);
    return versions.filter(({ state }) => state === "ENABLED").sort((a, b) => numberOf(b) - numberOf(a))[0];
  }

  const currentOf = (live: Live, call: Call): Promise<SecretVersion | undefined> =>
    isExternal(live) ? newest(live, call) : versionOf(live, CURRENT, call);

  async function payloadOf(call: Call): Promise<Uint8Array> {
    if (!call.value) throw new ProviderError("invalid", "No value came with the secret.", { code: "NoValue" });
    const value = await call.value();
    const unfit = unfitValue(value, limits.managedsecret.value.gcp);
    if (unfit) throw new ProviderError("invalid", unfit, { code: "SecretSize" });
    return value;
  }

  async function write(live: Live, fields: Secret, mask: readonly string[], call: Call): Promise<Live> {
    const sent = { name: live.name, etag: live.etag, ...fields };
    return liveOf(live.name, await secretManager.update(sent, mask, call.signal));
  }

  /** The version answers the wish: the alias moves to it, and what was current becomes the previous one. */
  async function putInForce(live: Live, number: number, kept: Kept, want: SecretWant, call: Call): Promise<Live> {
    const { [ADDING]: _done, ...annotations } = live.annotations;
    const before = live.aliases[CURRENT];
    const state = stateText({ ...settings(want), ...kept, version: String(number) });
    const aliases = {
      ...live.aliases,
      ...(before !== undefined && before !== number ? { [PREVIOUS]: before } : {}),
      [CURRENT]: number,
    };
    const fields = { annotations: { ...annotations, [STATE]: state }, versionAliases: aliases };
    return step("put the new version in force", () => write(live, fields, ["annotations", "version_aliases"], call));
  }

  async function add(live: Live, value: Uint8Array, want: SecretWant, call: Call): Promise<Live> {
    const made = await step("add the value", () => secretManager.addVersion(live.name, value, call.signal));
    return putInForce(live, numberOf(made), { value: want.value, since: seconds() }, want, call);
  }

  /** Has the wished value in force, with as few new versions as can be. */
  async function bring(live: Live, want: SecretWant, call: Call): Promise<Live> {
    const { state, adding } = live;
    if (want.value.from === "External") return leave(live, want, call);
    const current = await versionOf(live, CURRENT, call);
    if (adding) return finishAdding(live, adding, want, call);
    const rotating = inForce(live, current) && rotationDue(live.state as ValueState, now());
    if (!rotating && state && state.version !== null && isSame(state.value, want.value)) {
      const ours = await secretManager.version(`${live.name}/versions/${state.version}`, call.signal);
      if (ours && ours.state !== "DESTROYED") {
        if (ours.state === "DISABLED")
          await step("enable the version in force", () => secretManager.enable(named(live, ours), call.signal));
        if (live.aliases[CURRENT] === Number(state.version)) return live;
        return putInForce(live, Number(state.version), { value: state.value, since: state.since }, want, call);
      }
    }
    const value = await payloadOf(call);
    if (want.value.from === "Secret" && current?.state === "ENABLED") {
      const held = await step("compare it with the value in force", () =>
        secretManager.access(named(live, current), call.signal),
      );
      const kept = { value: want.value, since: state?.since ?? seconds() };
      if (Buffer.compare(held, value) === 0) return putInForce(live, numberOf(current), kept, want, call);
    }
    const highest = Math.max(0, ...(await secretManager.versions(live.name, call.signal)).map(numberOf));
    const annotations = { ...live.annotations, [ADDING]: addingText(want.value, highest) };
    const ready = await step("write down that a version is added", () =>
      write(live, { annotations }, ["annotations"], call),
    );
    return add(ready, value, want, call);
  }

  /** The value is somebody else's from now on. */
  async function leave(live: Live, want: SecretWant, call: Call): Promise<Live> {
    const { [ADDING]: _adding, ...annotations } = live.annotations;
    const state = stateText({ ...settings(want), version: null, since: seconds() });
    return step("record that the value is somebody else's", () =>
      write(live, { annotations: { ...annotations, [STATE]: state } }, ["annotations"], call),
    );
  }

  /** What was begun is brought to its end first: the version that came after the intent, if there is one, is ours. */
  async function finishAdding(
    live: Live,
    adding: NonNullable<Live["adding"]>,
    want: SecretWant,
    call: Call,
  ): Promise<Live> {
    const versions = await secretManager.versions(live.name, call.signal);
    const [made] = versions
      .filter((one) => numberOf(one) > adding.after && one.state === "ENABLED")
      .sort((a, b) => numberOf(a) - numberOf(b));
    if (made) return putInForce(live, numberOf(made), { value: adding.value, since: seconds() }, want, call);
    const value = await payloadOf(call);
    if (isSame(adding.value, want.value)) return add(live, value, want, call);
    const annotations = { ...live.annotations, [ADDING]: addingText(want.value, adding.after) };
    const ready = await step("write down that a version is added", () =>
      write(live, { annotations }, ["annotations"], call),
    );
    return add(ready, value, want, call);
  }

  /** Versions before the previous one, and the previous one once its time is over, can be read no more. */
  async function retire(live: Live, call: Call): Promise<void> {
    const { [PREVIOUS]: previous, [CURRENT]: current } = live.aliases;
    if (previous === undefined || current === undefined || !live.state) return;
    const over = overlapOver(live.state, now());
    for (const version of await secretManager.versions(live.name, call.signal)) {
      const number = numberOf(version);
      if (number === current || version.state !== "ENABLED" || number > previous) continue;
      if (number < previous || over)
        await step("end the overlap", () => secretManager.disable(named(live, version), call.signal));
    }
    if (!over) return;
    const { [PREVIOUS]: _gone, ...aliases } = live.aliases;
    await step("end the overlap", () => write(live, { versionAliases: aliases }, ["version_aliases"], call));
  }

  return { add, bring, currentOf, find, leave, newest, payloadOf, putInForce, retire, versionOf, write };
}

type Kept = Pick<ValueState, "value" | "since">;
export const settings = ({ value, rotation, recoveryDays }: SecretWant) => ({ value, rotation, recoveryDays });
const isSame = (a: SecretWant["value"], b: SecretWant["value"]) => a.from === b.from && a.revision === b.revision;
export const named = (live: Live, version: SecretVersion): string => `${live.name}/versions/${numberOf(version)}`;
