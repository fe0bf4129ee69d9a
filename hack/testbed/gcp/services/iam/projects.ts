/** google.cloud.resourcemanager.v3.Projects: the one project that exists, and its policy. */
import { CloudError } from "../../engine/errors.ts";
import { text, timestamp } from "../../engine/messages.ts";
import { PROJECT, policyHandlers } from "../../engine/policies.ts";
import type { World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";

const PROJECTS = "google.cloud.resourcemanager.v3.Projects";

/** @param world gives the project; it is as old as the cloud */
export function projects({ project, clock }: World): ServiceModule {
  const created = timestamp(clock.now());
  return {
    services: [PROJECTS],
    unary: {
      [`${PROJECTS}.GetProject`]: ({ request }) => {
        const id = text(request, "name").replace(/^projects\//, "");
        if (id !== project.id && id !== project.number)
          throw new CloudError(
            "PERMISSION_DENIED",
            `The caller does not have permission, or project "${id}" does not exist.`,
          );
        return {
          name: `projects/${project.number}`,
          projectId: project.id,
          displayName: project.id,
          state: "ACTIVE",
          createTime: created,
          updateTime: created,
          etag: `W/"${project.number}"`,
        };
      },
      ...policyHandlers(PROJECTS, [PROJECT]),
    },
  };
}
