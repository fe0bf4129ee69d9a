/** Uploads in the three ways that there are: https://cloud.google.com/storage/docs/uploads-downloads#uploads */
import type { HttpAnswer } from "../../engine/rest.ts";
import type { Objects } from "./objects.ts";
import { absent, bad } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

interface Session {
  /** The call that began it: its preconditions count when the upload is through. */
  readonly begun: StorageCall;
  readonly metadata: unknown;
  readonly type: string | undefined;
  readonly received: Buffer;
}

export interface Uploads {
  readonly methods: Methods;
  /** Forgets what is half uploaded. */
  reset(): void;
}

const header = (call: StorageCall, name: string): string | undefined => call.http.headers[name]?.toString();

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw bad(`Metadata part is no JSON: ${(error as Error).message}`);
  }
}

interface Part {
  readonly headers: string;
  readonly content: Buffer;
}

/** multipart/related: RFC 2387. */
function partsOf(call: StorageCall): readonly Part[] {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(header(call, "content-type") ?? "") ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw bad("A multipart upload needs the content type multipart/related with a boundary.");
  const { bytes } = call.http;
  const mark = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let at = bytes.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    const next = bytes.indexOf(mark, start);
    if (next < 0) break;
    // After the mark comes a line break, before the next one too.
    const part = bytes.subarray(bytes.indexOf("\n", start) + 1, next);
    const gap = part.indexOf("\r\n\r\n");
    const [split, width] = gap < 0 ? [part.indexOf("\n\n"), 2] : [gap, 4];
    const end = part.subarray(-2).toString() === "\r\n" ? part.length - 2 : part.length - 1;
    // Without headers a part starts with the empty line at once.
    const bare = /^\r?\n/.exec(part.subarray(0, 2).toString())?.[0];
    if (bare !== undefined) parts.push({ headers: "", content: part.subarray(bare.length, end) });
    else parts.push({ headers: part.subarray(0, split).toString(), content: part.subarray(split + width, end) });
    at = next;
  }
  return parts;
}

export function newUploads(objects: Objects): Uploads {
  const sessions = new Map<string, Session>();
  let count = 0;

  function multipart(call: StorageCall) {
    const [metadata, media, ...more] = partsOf(call);
    if (metadata === undefined || media === undefined || more.length > 0)
      throw bad("A multipart upload has two parts: the metadata and the content.");
    const [, type] = /^content-type:\s*([^\r\n]+)/im.exec(media.headers) ?? [];
    const name = call.query.get("name") ?? "";
    return objects.write(call, name, parseJson(metadata.content), Buffer.from(media.content), type?.trim());
  }

  function begin(call: StorageCall): HttpAnswer {
    count += 1;
    const id = `upload-${String(count)}`;
    const metadata = parseJson(call.http.bytes);
    sessions.set(id, {
      begun: call,
      metadata,
      type: header(call, "x-upload-content-type"),
      received: Buffer.alloc(0),
    });
    const path = `/upload/storage/v1/b/${call.parameters.bucket}/o`;
    return {
      status: 200,
      body: undefined,
      headers: { location: `${call.base}${path}?uploadType=resumable&upload_id=${id}`, "x-guploader-uploadid": id },
    };
  }

  async function insert(call: StorageCall): Promise<HttpAnswer> {
    const kind = call.query.get("uploadType") ?? "multipart";
    if (kind === "resumable") return begin(call);
    if (kind === "multipart") return { status: 200, body: await multipart(call) };
    if (kind !== "media") throw bad(`Invalid upload type: ${kind}.`);
    const type = header(call, "content-type");
    const name = call.query.get("name") ?? "";
    return { status: 200, body: await objects.write(call, name, {}, call.http.bytes, type) };
  }

  async function continued(call: StorageCall): Promise<HttpAnswer> {
    const id = call.query.get("upload_id") ?? "";
    const session = sessions.get(id);
    if (session === undefined) throw absent(`No such upload: ${id}`);
    const { begun, metadata, type, received } = session;
    const range = header(call, "content-range");
    const [, first, last, total] = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(range ?? "bytes 0-*/*") ?? [];
    if (range !== undefined && total === undefined) throw bad(`Failed to parse Content-Range header: ${range}`);
    const { bytes } = call.http;
    if (first !== undefined && Number(first) !== received.length)
      throw bad(`The next byte is ${String(received.length)}, not ${first}.`);
    const now = Buffer.concat([received, bytes]);
    const isLast =
      first === undefined
        ? total === String(now.length)
        : total === undefined || total === String(now.length) || (total === "*" && last === "*");
    if (isLast) {
      const answer = await objects.write(begun, begun.query.get("name") ?? "", metadata, now, type);
      sessions.delete(id);
      return { status: 200, body: answer };
    }
    sessions.set(id, { ...session, received: now });
    const headers: Record<string, string> = now.length === 0 ? {} : { range: `bytes=0-${String(now.length - 1)}` };
    return { status: 308, body: undefined, headers };
  }

  const query = [
    "name",
    "kmsKeyName",
    "predefinedAcl",
    "upload_id",
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
  ];
  const at = "/upload/storage/v1/b/{bucket}/o";
  return {
    methods: [
      { name: "WriteObject", at: `POST ${at}`, query, plane: "data", answer: insert },
      { name: "WriteObject", at: `PUT ${at}`, query, plane: "data", answer: continued },
    ],
    reset: () => sessions.clear(),
  };
}
