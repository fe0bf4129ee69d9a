/**
 * The key of an envelope. An execution gets the run's input as it is, or a map with this key: `{[RUN_KEY]: {id, startedAt},
 * input}`, where input may be missing, and is null then. Whoever starts a run with an id of its own sends the latter, and
 * Cloud Workflows' own `wrapped` in it: source.ts.
 */
export const RUN_KEY = "onyx.onelens.io/run";
