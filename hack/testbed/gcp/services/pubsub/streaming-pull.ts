/** Subscriber.StreamingPull: a stream of the client's, joined to one of pstest's. */
import type grpc from "@grpc/grpc-js";
import { invalid } from "../../engine/errors.ts";
import type { BidiHandler } from "../../engine/grpc.ts";
import { list, type Message, text } from "../../engine/messages.ts";
import type { Store } from "../../engine/store.ts";
import { type Delivery, strings } from "./delivery.ts";
import { receivedIn } from "./lane.ts";
import { SUBSCRIPTION } from "./topics.ts";
import type { Upstream } from "./upstream.ts";

type Client = grpc.ServerDuplexStream<Message, Message>;

export interface StreamingPullParts {
  readonly store: Store;
  readonly delivery: Delivery;
  readonly upstream: Upstream;
  toStatus(error: unknown): Partial<grpc.StatusObject>;
  /** Rejects when a fault refuses new streams. */
  admit(subscription: string): Promise<void>;
}

export function streamingPull({ store, delivery, upstream, toStatus, admit }: StreamingPullParts): BidiHandler {
  /** Ends a client's stream, once. */
  const failOnce = (client: Client) => {
    let failed = false;
    return (error: unknown): void => {
      if (failed || client.cancelled) return;
      failed = true;
      client.emit("error", toStatus(error));
    };
  };

  function properties(name: string): Message {
    const subscription = store.get(SUBSCRIPTION, name);
    return {
      exactlyOnceDeliveryEnabled: subscription?.enableExactlyOnceDelivery === true,
      messageOrderingEnabled: subscription?.enableMessageOrdering === true,
    };
  }

  /** Acks, nacks and extensions that a client sends along. */
  async function act(name: string, request: Message): Promise<void> {
    const extended = strings(request, "modifyDeadlineAckIds");
    const seconds = list<number>(request, "modifyDeadlineSeconds");
    await delivery.acknowledge(name, strings(request, "ackIds"));
    for (const [deadline, ids] of Map.groupBy(extended, (_, index) => seconds[index] ?? 0))
      await delivery.modify(name, ids, deadline);
  }

  async function open(
    client: Client,
    first: Message,
    fail: (error: unknown) => void,
  ): Promise<(request: Message) => Promise<void>> {
    const name = text(first, "subscription");
    await admit(name);
    if (name === "") throw invalid("The first request of a stream must name the subscription.", "subscription");
    let lease = Number(first.streamAckDeadlineSeconds ?? 0);
    if (lease < 10 || lease > 600)
      throw invalid("stream_ack_deadline_seconds must be between 10 and 600.", "stream_ack_deadline_seconds");
    const upstreamName = await delivery.streamName(name);
    const source = upstream.stream();
    let stopped = false;
    const stop = () => {
      stopped = true;
      takeBack();
      source.cancel();
    };
    const takeBack = delivery.onDrop(name, (error) => {
      stop();
      fail(error);
    });
    client.on("cancelled", stop);
    client.on("end", () => {
      stop();
      client.end();
    });
    source.on("data", (response: Message) => {
      delivery
        .deliver(name, receivedIn(response), lease)
        .then(
          (receivedMessages) =>
            receivedMessages.length > 0 && client.write({ receivedMessages, subscriptionProperties: properties(name) }),
          fail,
        );
    });
    // Cancelling the source ends it in an error too, which says nothing to the client.
    source.on("error", (error) => stopped || fail(error));
    source.write({ subscription: upstreamName, streamAckDeadlineSeconds: lease });
    client.write({ subscriptionProperties: properties(name) });
    return async (request) => {
      const changed = Number(request.streamAckDeadlineSeconds ?? 0);
      if (changed > 0) {
        lease = changed;
        source.write({ streamAckDeadlineSeconds: lease });
      }
      await act(name, request);
      if (Object.keys(request).length === 0) client.write({ subscriptionProperties: properties(name) });
    };
  }

  return (client) => {
    const fail = failOnce(client);
    let turn: Promise<((request: Message) => Promise<void>) | undefined> = Promise.resolve(undefined);
    client.on("data", (request: Message) => {
      turn = turn.then(async (next) => {
        if (next === undefined) {
          const opened = await open(client, request, fail);
          await act(text(request, "subscription"), request);
          return opened;
        }
        await next(request);
        return next;
      });
      turn.catch(fail);
    });
  };
}
