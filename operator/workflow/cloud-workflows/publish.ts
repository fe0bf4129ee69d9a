import { expressionText } from "../expression/cloud-workflows-steps.ts";
import type { Value } from "../expression/index.ts";
import { authFor } from "./place.ts";
import type { TaskAt } from "./task-at.ts";

/** What goes into a message: `body`, the variable of what is sent as JSON, and members of Pub/Sub's PubsubMessage. */
export interface Message {
  readonly body: string;
  readonly attributes: Value;
  readonly orderingKey?: Value;
}

/**
 * Publishes one message and gives the source of its id. Not by the connector for Pub/Sub, which tries again by itself.
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 */
export function emitPublish(
  { emission, block }: Pick<TaskAt, "emission" | "block">,
  topic: string,
  { body, ...rest }: Message,
  timeout: number,
): string {
  const { pubsub } = emission.place.endpoints;
  const [message, response] = [emission.variable("message"), emission.variable("response")];
  block.assign({ [message]: { data: expressionText(`base64.encode(json.encode(${body}))`), ...rest } });
  block.add({
    call: "http.post",
    args: {
      url: `${pubsub}/v1/${topic}:publish`,
      body: { messages: [expressionText(message)] },
      timeout,
      ...authFor(pubsub),
    },
    result: response,
  });
  return `${response}["body"]["messageIds"][0]`;
}
