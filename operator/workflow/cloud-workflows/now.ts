/** The moment without its `Z`, in whole seconds as `run.startedAt` is: what `time.format` gives has a fraction. */
export const NOW = "text.substring(time.format(sys.now()), 0, 19)";
