import type { Cloud } from "../../provider/provider.ts";
import { ENDPOINTS, toCloudWorkflowsSource } from "../../workflow/cloud-workflows/index.ts";
import { cloudWorkflowsSource } from "../../workflow/expression/index.ts";
import { type TableSchema, type Workflow, WorkflowError } from "../../workflow/index.ts";
import { toStepFunctions } from "../../workflow/step-functions/index.ts";
import type { Result } from "../onyx.ts";
import { type Definition, readDefinition, workflowIn } from "./definition.ts";

/** `onyx workflow compile`: what a cloud would get. @throws ManifestError @throws WorkflowError it is too large for that cloud */
export async function runWorkflowCompile(file: string, cloud: Cloud, name?: string): Promise<Result> {
  const definition = await readDefinition(file, name);
  const { value, text } = compileFor(cloud, workflowIn(definition), definition.tables);
  return { value, text, exitCode: 0 };
}

/**
 * A workflow for a cloud, with names that stand for the ids of what it refers to.
 * @param tables keys of the Tables: calls are compiled by them
 * @throws WorkflowError it is beyond what that cloud takes, or calls a Table that is not among them
 */
export function compileFor(cloud: Cloud, workflow: Workflow, tables: Definition["tables"]): Compiled {
  return COMPILERS[cloud](workflow, (table) => {
    const schema = tables[table];
    if (schema) return schema;
    throw new WorkflowError(
      "",
      `the Table "${table}" is not in this file: put it beside the Workflow, as calls are compiled by its keys`,
    );
  });
}

interface Compiled {
  readonly value: object;
  readonly text: string;
}

const arn = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const queueUrl = (name: string) => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;
const topicName = (name: string) => `projects/example-project/topics/${name}`;

type SchemaOf = (table: string) => TableSchema;

const COMPILERS: { readonly [C in Cloud]: (workflow: Workflow, schema: SchemaOf) => Compiled } = {
  aws(workflow, schema) {
    const value = toStepFunctions(workflow, {
      target: (_kind, name) => ({
        QUEUE_URL: queueUrl(name),
        TOPIC_ID: arn("sns", name),
        TABLE_NAME: name,
        BUCKET: name,
      }),
      schema,
      workflow: (name) => arn("states", `stateMachine:${name}`),
      connection: arn("events", "connection/example/00000000-0000-0000-0000-000000000000"),
    });
    return { value, text: JSON.stringify(value, undefined, 2) };
  },
  gcp(workflow, schema) {
    const value = toCloudWorkflowsSource(workflow, {
      target: (_kind, name) => ({
        QUEUE_URL: topicName(name),
        TOPIC_ID: topicName(name),
        TABLE_ID: `projects/example-project/databases/${name}`,
        COLLECTION: "items",
        BUCKET: name,
      }),
      schema,
      workflow: (name) => `projects/example-project/locations/us-central1/workflows/${name}`,
      endpoints: ENDPOINTS,
    });
    return { value, text: cloudWorkflowsSource(value) };
  },
};
