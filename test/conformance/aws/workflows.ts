import { CreateStateMachineCommand, DescribeExecutionCommand, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import type { Workflows } from "../events.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

export const workflowIdOnAws = (_aws: AwsUnderTest, name: string): string =>
  `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;

const DEFINITION = { StartAt: "Done", States: { Done: { Type: "Succeed" } } };

/** State machines as somebody makes them, and what they were started with, by the Step Functions client. */
export const workflowsOnAws = ({ eyes: { sfn } }: AwsUnderTest): Workflows => ({
  async make(name) {
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/theirs`;
    const definition = JSON.stringify(DEFINITION);
    const made = await sfn.send(new CreateStateMachineCommand({ name, roleArn, definition }));
    return made.stateMachineArn ?? "";
  },
  async inputs(stateMachineArn) {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    const started = await Promise.all(
      executions.map(({ executionArn }) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
    );
    return started.map(({ input = "" }) => input);
  },
});
