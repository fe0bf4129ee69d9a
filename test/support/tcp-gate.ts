import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A gate between a client and a server, through which every byte goes, and which can be shut. */
export interface TcpGate {
  readonly port: number;
  /** How many connections came in so far. */
  accepted(): number;
  /** Breaks what is open, and lets nothing new in until `open`. */
  shut(): void;
  /** Breaks what is open; new connections are let in. */
  breakAll(): void;
  /** No byte passes any more on what is open, without a sign to either side: what a vanished peer looks like. */
  freezeAll(): void;
  /** Lets new connections in again. */
  open(): void;
  close(): Promise<void>;
}

/** @param port of the gate; 0, the default, is any that is free */
export async function openTcpGate(toPort: number, port = 0): Promise<TcpGate> {
  const pairs = new Set<{ readonly client: Socket; readonly upstream: Socket; frozen: boolean }>();
  let isOpen = true;
  let accepted = 0;

  const server = createServer((client) => {
    accepted++;
    if (!isOpen) return void client.resetAndDestroy();
    const upstream = connect(toPort, "127.0.0.1");
    const pair = { client, upstream, frozen: false };
    pairs.add(pair);
    const pass = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => void (!pair.frozen && to.write(bytes)));
      from.on("end", () => void (!pair.frozen && to.end()));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        pairs.delete(pair);
      });
    };
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const breakAll = () => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    breakAll,
    shut() {
      isOpen = false;
      breakAll();
    },
    freezeAll() {
      for (const pair of pairs) pair.frozen = true;
    },
    open() {
      isOpen = true;
    },
    async close() {
      breakAll();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}
