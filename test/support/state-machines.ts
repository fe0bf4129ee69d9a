import { setTimeout as delay } from "node:timers/promises";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { StateMachine } from "../../operator/workflow/step-functions/index.ts";

/** How an execution ended: its output, or its error and cause. */
export type Ended =
  | { readonly status: "SUCCEEDED"; readonly output: unknown }
  | { readonly status: string; readonly error: string; readonly cause: string };

/** Step Functions of an emulator. */
export interface StateMachines {
  /** @returns the ARN */
  create(name: string, definition: StateMachine): Promise<string>;
  /** Starts an execution and waits for its end. */
  run(arn: string, name: string, input: unknown): Promise<Ended>;
  /** Types and names of what an execution entered, in order. Of branches only what the engine tells. */
  history(arn: string, name: string): Promise<readonly string[]>;
}

export function stateMachines(endpoint: string): StateMachines {
  const credentials = { accessKeyId: "000000000000", secretAccessKey: "test" };
  const client = new SFNClient({ endpoint, region: "eu-west-1", credentials, disableHostPrefix: true });
  const executionOf = (arn: string, name: string) => `${arn.replace(":stateMachine:", ":execution:")}:${name}`;
  return {
    async create(name, definition) {
      const roleArn = "arn:aws:iam::000000000000:role/workflow";
      const command = new CreateStateMachineCommand({ name, roleArn, definition: JSON.stringify(definition) });
      return (await client.send(command)).stateMachineArn!;
    },
    async run(arn, name, input) {
      await client.send(new StartExecutionCommand({ stateMachineArn: arn, name, input: JSON.stringify(input) }));
      for (;;) {
        const { status, output, error, cause } = await client.send(
          new DescribeExecutionCommand({ executionArn: executionOf(arn, name) }),
        );
        if (status === "SUCCEEDED") return { status, output: JSON.parse(output!) };
        if (status !== "RUNNING") return { status: status!, error: error ?? "", cause: cause ?? "" };
        await delay(50);
      }
    },
    async history(arn, name) {
      const { events = [] } = await client.send(
        new GetExecutionHistoryCommand({ executionArn: executionOf(arn, name), maxResults: 1000 }),
      );
      return events.flatMap(({ type, stateEnteredEventDetails: entered }) =>
        entered ? [`${type} ${entered.name}`] : [],
      );
    },
  };
}
