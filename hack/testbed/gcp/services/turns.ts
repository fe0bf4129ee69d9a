/**
 * Runs `work` one time after the other, however often it is asked for, so that nothing is done twice. One that fails does not
 * stop those that come after it.
 *
 * @returns what takes a turn; its promise is kept once that is through, whether it failed or not. `idle` only waits.
 */
export function inTurn(work: () => Promise<void>): { (): Promise<void>; idle(): Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  const run = () => {
    last = last.then(work).catch(() => undefined);
    return last;
  };
  return Object.assign(run, { idle: () => last });
}
