/** What was found wrong, in words: what was tried, which oracle, what it saw. */
export interface Violation {
  readonly plan: string;
  /** Such as `U2 one resource`. */
  readonly oracle: string;
  readonly saw: string;
}

/** What came of one scenario on one cloud. */
export interface Outcome {
  readonly scenario: string;
  readonly cloud: string;
  /** How many ways of going wrong were tried. */
  readonly plans: number;
  /** Of these, how many really went wrong as planned: a point that is never reached is none. */
  readonly hit: number;
  readonly violations: readonly Violation[];
}

/** Collects what comes of a scenario. */
export interface Scribe {
  /** One way of going wrong is tried, under this name. */
  plan(name: string): void;
  hit(): void;
  violation(oracle: string, saw: string): void;
  outcome(): Outcome;
}

export function createScribe(scenario: string, cloud: string): Scribe {
  const violations: Violation[] = [];
  let plans = 0;
  let hit = 0;
  let current = "";
  return {
    plan(name) {
      plans++;
      current = name;
    },
    hit: () => void hit++,
    violation: (oracle, saw) => void violations.push({ plan: current, oracle, saw }),
    outcome: () => ({ scenario, cloud, plans, hit, violations }),
  };
}

/** All outcomes in a line. */
export function summary(outcomes: readonly Outcome[]): { readonly text: string; readonly violations: number } {
  const sum = (pick: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + pick(one), 0);
  const violations = sum((one) => one.violations.length);
  const text = `${outcomes.length} scenarios, ${sum((one) => one.plans)} plans (${sum((one) => one.hit)} hit), ${violations} violations`;
  return { text, violations };
}
