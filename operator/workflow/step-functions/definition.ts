/** A state machine in Amazon States Language, to be handed to CreateStateMachine as JSON. */
export interface StateMachine extends States {
  readonly Comment: string;
  readonly QueryLanguage: "JSONata";
}

/** The states of a machine, of a branch, or of what a Map does with an item. */
export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** As "Amazon States Language" of AWS has it. */
export interface State {
  readonly Type: "Pass" | "Task" | "Choice" | "Wait" | "Fail" | "Parallel" | "Map";
  readonly Next?: string;
  readonly End?: true;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next: string; readonly [field: string]: unknown }[];
  readonly Catch?: readonly { readonly Next: string; readonly [field: string]: unknown }[];
  readonly [field: string]: unknown;
}

/** Where a state may go on. */
export function successors({ Next, Choices = [], Default, Catch = [] }: State): readonly string[] {
  const names = [Next, ...Choices.map((choice) => choice.Next), Default, ...Catch.map((one) => one.Next)];
  return names.filter((name) => name !== undefined);
}
