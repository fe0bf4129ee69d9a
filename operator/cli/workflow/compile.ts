import type { Cloud } from "../../provider/provider.ts";
import { ENDPOINTS, toCloudWorkflowsSource } from "../../workflow/cloud-workflows/index.ts";
import { cloudWorkflowsSource } from "../../workflow/expression/index.ts";
import type { Workflow } from "../../workflow/index.ts";
import { toStepFunctions } from "../../workflow/step-functions/index.ts";
import type { Result } from "../onyx.ts";
import { readDefinition, workflowIn } from "./definition.ts";

/** `onyx workflow compile`: what a cloud would get. @throws ManifestError @throws WorkflowError it is too large for that cloud */
export async function runWorkflowCompile(file: string, cloud: Cloud, name?: string): Promise<Result> {
  const { value, text } = compileFor(cloud, workflowIn(await readDefinition(file, name)));
  return { value, text, exitCode: 0 };
}

/**
 * A workflow for a cloud, with names that stand for the ids of what it refers to.
 * @throws WorkflowError it is beyond what that cloud takes
 */
export function compileFor(cloud: Cloud, workflow: Workflow): { readonly value: object; readonly text: string } {
  return COMPILERS[cloud](workflow);
}

const arn = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const queueUrl = (name: string) => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;
const topicName = (name: string) => `projects/example-project/topics/${name}`;

const COMPILERS: { readonly [C in Cloud]: (workflow: Workflow) => { readonly value: object; readonly text: string } } =
  {
    aws(workflow) {
      const value = toStepFunctions(workflow, {
        target: (kind, name) => (kind === "Queue" ? { QUEUE_URL: queueUrl(name) } : { TOPIC_ID: arn("sns", name) }),
        workflow: (name) => arn("states", `stateMachine:${name}`),
        connection: arn("events", "connection/example/00000000-0000-0000-0000-000000000000"),
        signals: queueUrl("signals"),
      });
      return { value, text: JSON.stringify(value, undefined, 2) };
    },
    gcp(workflow) {
      const value = toCloudWorkflowsSource(workflow, {
        target: (kind, name) => ({ [kind === "Queue" ? "QUEUE_URL" : "TOPIC_ID"]: topicName(name) }),
        workflow: (name) => `projects/example-project/locations/us-central1/workflows/${name}`,
        signals: topicName("signals"),
        endpoints: ENDPOINTS,
      });
      return { value, text: cloudWorkflowsSource(value) };
    },
  };
