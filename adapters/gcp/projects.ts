import { unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import type { Policy, PolicyPort } from "./policy.ts";

const API = "Resource Manager";

/** The calls of Resource Manager that we make. `resource` is `projects/P`. */
export interface Projects extends PolicyPort {
  /** The project's number, such as `123456789012`. @throws ProviderError */
  numberOf(project: string, signal: AbortSignal): Promise<string>;
}

export function createProjects(clients: Pick<Clients, "projects">): Projects {
  return {
    async numberOf(project, signal) {
      const client = await clients.projects();
      const found = await unary<{ name?: string | null }>(API, signal, (options, done) =>
        client.getProject({ name: `projects/${project}` }, options, done),
      );
      return (found.name ?? "").replace(/^projects\//, "");
    },
    async read(resource, signal) {
      const client = await clients.projects();
      const request = { resource, options: { requestedPolicyVersion: 3 } };
      return unary<Policy>(API, signal, (options, done) => client.getIamPolicy(request, options, done as never));
    },
    async write(resource, policy, signal) {
      const client = await clients.projects();
      const request = { resource, policy } as Parameters<typeof client.setIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.setIamPolicy(request, options, done as never));
    },
  };
}
