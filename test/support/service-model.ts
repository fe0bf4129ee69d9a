import { globSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** A shape of AWS's own API models, as botocore carries them. */
interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly union?: boolean;
}

interface Model {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** What is wrong with a request, path by path; empty: AWS's model takes it. */
export type Validate = (service: string, operation: string, input: unknown) => readonly string[];

/** Folders of botocore that are not called after the service's id. */
const FOLDERS: Readonly<Record<string, string>> = {
  "CloudWatch Logs": "logs",
  EventBridge: "events",
  SFN: "stepfunctions",
};

/**
 * Judges requests by the API models of AWS.
 *
 * @param venv  a Python environment that has botocore, as the AWS emulators do
 */
export function serviceModels(venv: string): Validate {
  const models = new Map<string, Model>();
  const modelOf = (service: string): Model => {
    const known = models.get(service);
    if (known) return known;
    const folder = FOLDERS[service] ?? service.toLowerCase().replaceAll(" ", "");
    const files = globSync(`lib/python3*/site-packages/botocore/data/${folder}/*/service-2.json.gz`, { cwd: venv });
    const newest = files.sort().at(-1);
    if (newest === undefined) throw new Error(`botocore in ${venv} has no model of ${service} (${folder})`);
    const model = JSON.parse(gunzipSync(readFileSync(`${venv}/${newest}`)).toString("utf8")) as Model;
    models.set(service, model);
    return model;
  };
  return (service, operation, input) => {
    const model = modelOf(service);
    const asked = model.operations[operation];
    if (!asked) return [`${service} has no operation ${operation}`];
    if (!asked.input) return [];
    return wrong(model, asked.input.shape, input, `${service} ${operation}`);
  };
}

function wrong(model: Model, name: string, value: unknown, path: string): readonly string[] {
  const shape = model.shapes[name];
  if (!shape) return [`${path}: the model lacks ${name}`];
  switch (shape.type) {
    case "structure":
      return wrongStructure(model, shape, value, path);
    case "list":
      if (!Array.isArray(value)) return [`${path}: a list is expected`];
      return [
        ...outside(shape, value.length, path, "entries"),
        ...value.flatMap((one, at) => wrong(model, shape.member?.shape ?? "", one, `${path}[${at}]`)),
      ];
    case "map":
      if (!isRecord(value)) return [`${path}: a map is expected`];
      return Object.entries(value).flatMap(([key, one]) => [
        ...wrong(model, shape.key?.shape ?? "", key, `${path}{${key}}`),
        ...wrong(model, shape.value?.shape ?? "", one, `${path}.${key}`),
      ]);
    case "string":
      return wrongString(shape, value, path);
    case "integer":
    case "long":
    case "double":
    case "float":
      if (typeof value !== "number") return [`${path}: a number is expected, not ${JSON.stringify(value)}`];
      return outside(shape, value, path);
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: true or false is expected`];
    default:
      return [];
  }
}

function wrongStructure(model: Model, shape: Shape, value: unknown, path: string): readonly string[] {
  if (!isRecord(value)) return [`${path}: an object is expected`];
  const given = Object.entries(value).filter(([, one]) => one !== undefined);
  const missing = (shape.required ?? []).filter((member) => !given.some(([key]) => key === member));
  return [
    ...missing.map((member) => `${path}: ${member} is required`),
    ...(shape.union && given.length !== 1 ? [`${path}: just one member is expected`] : []),
    ...given.flatMap(([key, one]) => {
      const member = shape.members?.[key];
      return member ? wrong(model, member.shape, one, `${path}.${key}`) : [`${path}: there is no member ${key}`];
    }),
  ];
}

function wrongString(shape: Shape, value: unknown, path: string): readonly string[] {
  if (typeof value !== "string") return [`${path}: text is expected`];
  if (shape.enum && !shape.enum.includes(value)) return [`${path}: "${value}" is none of ${shape.enum.join(", ")}`];
  const pattern = regular(shape.pattern);
  if (pattern && !pattern.test(value)) return [`${path}: "${value}" does not match ${shape.pattern}`];
  return outside(shape, value.length, path, "characters");
}

/** Some patterns are Java's or Python's: those that JavaScript does not read are not judged. */
function regular(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    return undefined;
  }
}

function outside({ min, max }: Shape, size: number, path: string, unit?: string): readonly string[] {
  const what = unit === undefined ? size : `${size} ${unit}`;
  if (min !== undefined && size < min) return [`${path}: ${what} is less than ${min}`];
  if (max !== undefined && size > max) return [`${path}: ${what} is more than ${max}`];
  return [];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
