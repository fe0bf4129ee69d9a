import { Agent, request } from "node:https";
import { TestBedError } from "./errors.ts";

export interface KubeAccess {
  readonly server: string;
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The few calls that the test bed itself makes to a cluster. */
export interface KubeApi {
  /** The body of a GET, or an error that names the path and the status. */
  get(path: string): Promise<string>;
  /** Server-side apply, forced. */
  apply(path: string, object: unknown): Promise<void>;
  /** Creates an object; fails when it is there. `path` is that of the collection. */
  create(path: string, object: unknown): Promise<void>;
  close(): void;
}

interface Body {
  readonly type: string;
  readonly object: unknown;
}

const TIMEOUT_MS = 10_000;

export function kubeApi(access: KubeAccess): KubeApi {
  const agent = new Agent({ keepAlive: true, ca: access.ca, cert: access.cert, key: access.key });
  const call = (method: string, path: string, body?: Body): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": body.type };
      const req = request(`${access.server}${path}`, { agent, method, headers, timeout: TIMEOUT_MS }, (res) => {
        const chunks: string[] = [];
        res.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
        res.once("end", () => {
          const text = chunks.join("");
          if (res.statusCode !== undefined && res.statusCode < 300) return resolve(text);
          reject(new TestBedError(`${method} ${path} answered ${res.statusCode}: ${text.trim()}`));
        });
      });
      req.once("timeout", () => req.destroy(new Error(`${method} ${path} got no answer in ${TIMEOUT_MS / 1000} s`)));
      req.once("error", reject);
      req.end(body && JSON.stringify(body.object));
    });
  return {
    get: (path) => call("GET", path),
    async apply(path, object) {
      const type = "application/apply-patch+yaml";
      await call("PATCH", `${path}?fieldManager=onyx-test-bed&force=true`, { type, object });
    },
    async create(path, object) {
      await call("POST", path, { type: "application/json", object });
    },
    close: () => agent.destroy(),
  };
}
