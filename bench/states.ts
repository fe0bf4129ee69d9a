/** As much of Step Functions as a run needs, for the stand-in: executions that end by themselves. */

/** How long an execution takes, in ms. */
export const EXECUTION_MS = 2_000;

export interface States {
  /** Undefined: there is no such execution. @throws Error for an action that no run needs */
  answer(action: string, body: Readonly<Record<string, string>>): object | undefined;
  /** Executions that were begun. */
  begun(): number;
}

export function createStates(): States {
  const executions = new Map<string, number>();
  const seconds = (ms: number) => ms / 1000;
  return {
    begun: () => executions.size,
    answer(action, { stateMachineArn = "", name = "", executionArn = "" }) {
      if (action === "StartExecution") {
        const arn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
        const at = executions.get(arn) ?? Date.now();
        executions.set(arn, at);
        return { executionArn: arn, startDate: seconds(at) };
      }
      const at = executions.get(executionArn);
      if (at === undefined) return undefined;
      if (action === "GetExecutionHistory") return { events: [] };
      if (action !== "DescribeExecution") throw new Error(`The stand-in has no ${action}.`);
      const over = Date.now() - at >= EXECUTION_MS;
      const end = { status: "SUCCEEDED", stopDate: seconds(at + EXECUTION_MS), output: '{"done":true}' };
      return { executionArn, startDate: seconds(at), ...(over ? end : { status: "RUNNING" }) };
    },
  };
}
