/** Serves the engine as gRPC. */
import grpc from "@grpc/grpc-js";
import type protobuf from "protobufjs";
import type { Method } from "./definitions.ts";
import { type Engine, LostReply } from "./engine.ts";
import { CloudError, codeNumber, toCloudError } from "./errors.ts";
import { decode, encode, type Message } from "./messages.ts";

/** A bidirectional stream that a service handles itself. */
export type BidiHandler = (stream: grpc.ServerDuplexStream<Message, Message>) => void;

/** Status as gRPC sends it, with google.rpc.BadRequest where fields are at fault. */
export function grpcStatus(
  thrown: unknown,
  badRequest: protobuf.Type,
  status: protobuf.Type,
): Partial<grpc.StatusObject> {
  const error =
    thrown instanceof LostReply
      ? new CloudError("UNAVAILABLE", "The connection was lost before the reply came.")
      : toCloudError(thrown);
  const metadata = new grpc.Metadata();
  if (error.violations.length > 0) {
    const details = {
      type_url: "type.googleapis.com/google.rpc.BadRequest",
      value: encode(badRequest, { fieldViolations: error.violations }),
    };
    const bytes = encode(status, { code: codeNumber(error.code), message: error.message, details: [details] });
    metadata.set("grpc-status-details-bin", bytes);
  }
  return { code: codeNumber(error.code), details: error.message, metadata };
}

function definition(method: Method): grpc.MethodDefinition<Message, Message> {
  return {
    path: `/${method.service}/${method.name}`,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: (message) => encode(method.request, message),
    requestDeserialize: (bytes) => decode(method.request, bytes),
    responseSerialize: (message) => encode(method.response, message),
    responseDeserialize: (bytes) => decode(method.response, bytes),
  };
}

function abortOnCancel(call: { on(event: "cancelled", listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort(new CloudError("CANCELLED", "The client cancelled the call.")));
  return controller.signal;
}

/** @returns a server that isn't bound yet */
export function grpcServer(engine: Engine, bidi: ReadonlyMap<string, BidiHandler>): grpc.Server {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 20 * 1024 * 1024 });
  const status = engine.definitions.type("google.rpc.Status");
  const badRequest = engine.definitions.type("google.rpc.BadRequest");
  const toStatus = (error: unknown) => grpcStatus(error, badRequest, status);

  const unary =
    (method: Method): grpc.handleUnaryCall<Message, Message> =>
    (call, reply) =>
      void engine.unary(method, call.request, abortOnCancel(call)).then(
        (result) => reply(null, result),
        (error: unknown) => reply(toStatus(error)),
      );
  const stream =
    (method: Method): grpc.handleServerStreamingCall<Message, Message> =>
    (call) =>
      void engine.stream(method, call.request, abortOnCancel(call)).then(
        (results) => {
          for (const result of results) call.write(result);
          call.end();
        },
        (error: unknown) => {
          // Without headers of its own, Google's client takes an error for a lost stream and waits to try twice more.
          call.sendMetadata(new grpc.Metadata());
          call.emit("error", toStatus(error));
        },
      );

  const services = Map.groupBy(engine.definitions.methods.values(), ({ service }) => service);
  for (const methods of services.values()) {
    const served = methods.filter((method) => !method.requestStream || bidi.has(method.fullName));
    server.addService(
      Object.fromEntries(served.map((method) => [method.name, definition(method)])),
      Object.fromEntries(
        served.map((method) => [
          method.name,
          (bidi.get(method.fullName) ?? (method.responseStream ? stream(method) : unary(method))) as never,
        ]),
      ),
    );
  }
  return server;
}
