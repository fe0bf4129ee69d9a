import { startAws } from "../../../hack/testbed/index.ts";

/** An AWS emulator of one's own, or the one that ONYX_AWS_ENDPOINT names. */
export async function awsEmulator(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const given = process.env.ONYX_AWS_ENDPOINT;
  return given ? { endpoint: given, stop: async () => {} } : startAws();
}
