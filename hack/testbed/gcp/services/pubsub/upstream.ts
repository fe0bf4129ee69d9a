/** The messages' server: pstest, the fake that Google ships with its Go client. Spoken to as gRPC. */
import grpc from "@grpc/grpc-js";
import type { Definitions, Method } from "../../engine/definitions.ts";
import { CloudError } from "../../engine/errors.ts";
import { decode, encode, type Message } from "../../engine/messages.ts";

export interface Upstream {
  call(method: string, request: Message): Promise<Message>;
  /** A StreamingPull. */
  stream(): grpc.ClientDuplexStream<Message, Message>;
  close(): void;
}

/** @param address host:port of pstest */
export function upstream(definitions: Definitions, address: string): Upstream {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const method = (name: string): Method => {
    const found = definitions.methods.get(`google.pubsub.v1.${name}`);
    if (found === undefined) throw new Error(`google.pubsub.v1.${name} is not defined`);
    return found;
  };
  const path = (of: Method) => `/${of.service}/${of.name}`;
  return {
    call(name, request) {
      const of = method(name);
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path(of),
          (message: Message) => encode(of.request, message),
          (bytes: Buffer) => decode(of.response, bytes),
          request,
          (error, response) => {
            if (error) reject(new CloudError("UNAVAILABLE", `pstest at ${address} failed ${name}: ${error.message}`));
            else resolve(response ?? {});
          },
        );
      });
    },
    stream() {
      const of = method("Subscriber.StreamingPull");
      return client.makeBidiStreamRequest(
        path(of),
        (message: Message) => encode(of.request, message),
        (bytes: Buffer) => decode(of.response, bytes),
      );
    },
    close: () => client.close(),
  };
}
