import { SQSClient } from "@aws-sdk/client-sqs";
import type { Validate } from "./service-model.ts";

interface Sender {
  readonly config: { readonly serviceId: string };
  send(command: { readonly input: unknown }, ...rest: unknown[]): unknown;
}

/** What was found wrong with the requests of this process, until it is stopped. */
export interface Judged {
  readonly count: number;
  readonly wrong: ReadonlySet<string>;
  stop(): void;
}

/** Judges every request that a client of the AWS SDK sends from now on; it is sent all the same. */
export function judgeRequests(validate: Validate): Judged {
  // All clients of the SDK inherit this one method.
  const base = Object.getPrototypeOf(SQSClient.prototype) as Sender;
  const { send } = base;
  const wrong = new Set<string>();
  let count = 0;
  base.send = function (this: Sender, command, ...rest) {
    count++;
    const operation = command.constructor.name.replace(/Command$/, "");
    for (const line of validate(this.config.serviceId, operation, command.input)) wrong.add(line);
    return send.call(this, command, ...rest);
  };
  return {
    get count() {
      return count;
    },
    wrong,
    stop() {
      base.send = send;
    },
  };
}
