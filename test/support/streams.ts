import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createLineSplitter } from "../../operator/runtime/json-lines.ts";

/**
 * What becomes of one line of a stream: it passes, or this text is sent in its place ("" for nothing, line breaks included),
 * and then the stream goes on, ends in good order or breaks.
 */
export type LineFate = "pass" | { readonly send: string; readonly after?: "end" | "cut" };

/** Asked of every line, one after the other; what follows waits for a promise. */
export type LineEdit<Call> = (line: string, call: Call) => LineFate | Promise<LineFate>;

/** An answer that goes on for ever, as long as it is open. */
export interface OpenStream<Call> {
  readonly call: Call;
  /** Says this to the client, between two lines of the server's. */
  send(text: string): void;
  /** Ends it in good order. */
  end(): void;
  /** Breaks the connection in the midst of it. */
  cut(): void;
}

/** The streams that pass through a proxy, line by line. */
export interface Streams<Call> {
  readonly open: ReadonlySet<OpenStream<Call>>;
  /** Real milliseconds in which no line passed. */
  quietMs(): number;
  /** From now on every line of every stream is asked for its fate; undefined: all pass. */
  edit(edit: LineEdit<Call> | undefined): void;
  /** Passes a server's stream on until one of the sides has enough of it. */
  pass(
    call: Call,
    from: AsyncIterable<Buffer> & { destroy(): unknown },
    status: number,
    headers: IncomingHttpHeaders,
    to: ServerResponse,
  ): Promise<void>;
  /** Says this and then nothing more, as a server in which nothing happens. */
  serve(call: Call, text: string, to: ServerResponse): void;
}

export function createStreams<Call>(): Streams<Call> {
  const open = new Set<OpenStream<Call>>();
  let editing: LineEdit<Call> | undefined;
  let last = performance.now();

  function begin(call: Call, status: number, headers: IncomingHttpHeaders, to: ServerResponse): OpenStream<Call> {
    to.writeHead(status, headers);
    to.flushHeaders();
    const stream: OpenStream<Call> = {
      call,
      send: (text) => void (to.writable && to.write(text)),
      end: () => void to.end(),
      cut: () => void to.socket?.destroy(),
    };
    open.add(stream);
    to.on("close", () => open.delete(stream));
    return stream;
  }

  return {
    open,
    quietMs: () => performance.now() - last,
    edit(edit) {
      editing = edit;
    },
    async pass(call, from, status, headers, to) {
      const stream = begin(call, status, headers, to);
      to.on("close", () => from.destroy());
      const splitter = createLineSplitter();
      for await (const chunk of from)
        for (const line of splitter.push(chunk)) {
          last = performance.now();
          const fate = (await editing?.(line, call)) ?? "pass";
          stream.send(fate === "pass" ? `${line}\n` : fate.send);
          if (fate === "pass" || fate.after === undefined) continue;
          stream[fate.after]();
          return;
        }
      stream.send(splitter.rest());
      stream.end();
    },
    serve(call, text, to) {
      begin(call, 200, { "content-type": "application/json" }, to).send(text);
    },
  };
}
