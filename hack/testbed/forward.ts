/** Hands TCP connections on: node hack/testbed/forward.ts ADDRESS PORT listens there and connects to 127.0.0.1:PORT. */
import { connect, createServer } from "node:net";

const [address, port] = process.argv.slice(2);
const server = createServer((from) => {
  const to = connect(Number(port), "127.0.0.1");
  from.pipe(to).pipe(from);
  from.on("error", () => to.destroy());
  to.on("error", () => from.destroy());
});
server.listen(Number(port), address);
