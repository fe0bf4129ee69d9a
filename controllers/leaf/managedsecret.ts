import { durationSeconds, durationText } from "../../crds/duration.ts";
import type { ManagedSecretSpec } from "../../crds/managedsecret.ts";
import type { Leaf, Means } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf, encryptionSpec, keyReferences } from "./encryption.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import type { SecretWant } from "./wants.ts";

const SOURCE = "valueFrom.secretRef";
/** The key of a Kubernetes Secret that holds the value when spec names no other. */
const SYNC_KEY = "value";

const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
type Given = NonNullable<ManagedSecretSpec["generate"]>;
type Generate = { readonly [Field in keyof Given]-?: NonNullable<Given[Field]> };
type Rotation = NonNullable<ManagedSecretSpec["rotation"]>;
const CHARSETS: Readonly<Record<Generate["charset"], string>> = {
  Alphanumeric: LETTERS + DIGITS,
  Hex: `${DIGITS}abcdef`,
  Base64Url: `${LETTERS + DIGITS}-_`,
  Printable: `${LETTERS + DIGITS}!#$%&()*+,-.:;<=>?[]^_{|}~`,
};

/** A secret value: Secrets Manager, or Secret Manager. */
export const managedSecret: Leaf<ManagedSecretSpec, SecretWant> = {
  kind: "ManagedSecret",
  dataBearing: true,
  holds: "its value and all versions of it",
  keptDays: ({ recoveryDays = 0 }) => recoveryDays,
  // Secret Manager takes 255; Secrets Manager appends seven characters in ARNs.
  nameLimit: 200,
  references: keyReferences,
  sources: ({ valueFrom }) => (valueFrom ? [{ field: SOURCE, ...valueFrom.secretRef }] : []),
  copy: ({ syncTo }) =>
    syncTo && {
      field: "syncTo",
      name: syncTo.name,
      key: syncTo.key ?? SYNC_KEY,
      previousKey: syncTo.previousKey,
      labels: syncTo.labels ?? {},
    },
  async value({ valueFrom, generate, external }, means) {
    if (valueFrom) return means.secret(valueFrom.secretRef.name, valueFrom.secretRef.key);
    if (external)
      return {
        none: "spec.external: the value is somebody else's, and the secret is not there. Make it in the cloud under the same name, with its value; then it is adopted.",
      };
    return generated(formOf(generate), means);
  },
  want: (spec, given) => ({
    value: spec.valueFrom
      ? { from: "Secret", revision: given.source(SOURCE) }
      : spec.external
        ? { from: "External", revision: "as-is" }
        : { from: "Generated", revision: generatedRevision(formOf(spec.generate)) },
    rotation: spec.rotation ? rotationOf(spec.rotation) : null,
    recoveryDays: spec.recoveryDays,
    encryptionKey: encryptionKeyOf(spec, given),
    overrides: overridesFor(spec, given.cloud),
    tags: given.tags,
  }),
  specOf: ({ value, rotation, recoveryDays, encryptionKey, overrides }, naming) => ({
    ...valueSpec(value),
    rotation: rotation
      ? { every: durationText(rotation.everySeconds), overlap: durationText(rotation.overlapSeconds) }
      : undefined,
    recoveryDays,
    encryption: encryptionSpec(encryptionKey, naming),
    overrides: overridesSpec(overrides, naming.cloud),
  }),
};

/**
 * Where the value comes from, as spec. Of a value that was taken from a Secret the cloud does not know which: the empty
 * `valueFrom` has import ask for it.
 */
function valueSpec(value: SecretWant["value"] | undefined): object {
  if (value?.from === "Secret") return { valueFrom: {} };
  const [, length, charset, revision] =
    /^(\d+)-(\w+)-(\d+)$/.exec((value?.from === "Generated" && value.revision) || "") ?? [];
  if (length === undefined) return { external: {}, adoptionPolicy: "Adopt" };
  const form = { length: Number(length), charset, revision: Number(revision) };
  const usual: Readonly<Record<string, unknown>> = formOf();
  return { generate: Object.fromEntries(Object.entries(form).filter(([field, given]) => given !== usual[field])) };
}

/** What a generated value is like when spec says nothing else. */
const formOf = ({
  length = 32,
  charset = "Alphanumeric",
  revision = 1,
}: ManagedSecretSpec["generate"] = {}): Generate => ({
  length,
  charset,
  revision,
});

const DAY_SECONDS = 86_400;

function rotationOf({ every, overlap }: Rotation): NonNullable<SecretWant["rotation"]> {
  const everySeconds = durationSeconds(every);
  const usual = Math.min(DAY_SECONDS, Math.floor(everySeconds / 2));
  return { everySeconds, overlapSeconds: overlap === undefined ? usual : durationSeconds(overlap) };
}

/** Another form of the value, or a raised revision, is another value. */
const generatedRevision = ({ length, charset, revision }: Generate): string => `${length}-${charset}-${revision}`;

/** Each character as likely as any other: bytes that would favour some are drawn again. */
function generated({ length, charset }: Generate, means: Pick<Means, "random">): Uint8Array {
  const characters = CHARSETS[charset];
  const fair = 256 - (256 % characters.length);
  let text = "";
  while (text.length < length)
    for (const byte of means.random(length - text.length))
      if (byte < fair) text += characters[byte % characters.length];
  return new TextEncoder().encode(text);
}
