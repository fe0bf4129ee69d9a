/** The same in every run of `make test`, so that a red one is about what was changed; others are drawn in the nightly chaos workflow. */
export const SEED = Number(process.env.ONYX_SEED ?? 1);
