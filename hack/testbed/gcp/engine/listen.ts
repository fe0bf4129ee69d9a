/** Servers on ports of 127.0.0.1. Port 0 picks a free one; a taken one rejects. */
import type http from "node:http";
import type { AddressInfo } from "node:net";
import grpc from "@grpc/grpc-js";

/** @returns the port */
export const listenHttp = (server: http.Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

/** @returns the port */
export const listenGrpc = (server: grpc.Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${String(port)}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
