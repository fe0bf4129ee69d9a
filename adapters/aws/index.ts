export type { AwsLog } from "./clients.ts";
export { connectAws } from "./connect.ts";
