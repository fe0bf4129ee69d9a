import { z } from "zod";
import { oneOf } from "./refs.ts";
import { formed, objectName } from "./text.ts";

/**
 * The id of a workflow, in the form of either cloud. A version or an alias of a state machine is none: who may start it is
 * said in another way.
 */
const WORKFLOW_ID =
  /^(arn:[a-z0-9-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_.+=@-]{1,80}|projects\/[a-z0-9.:-]+\/locations\/[a-z0-9-]+\/workflows\/[A-Za-z][A-Za-z0-9_-]{0,63})$/;

export const WORKFLOW_ID_SAYS =
  "external must be the ARN of a state machine, arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, or the name of a workflow, projects/PROJECT/locations/LOCATION/workflows/NAME";

/** A Workflow of the same namespace by name, or a workflow in the cloud that no object stands for. */
export const workflowReference = () =>
  oneOf(
    z.strictObject({
      name: objectName().optional().describe("Name of the Workflow, in the namespace of this object."),
      external: formed(WORKFLOW_ID, 512, WORKFLOW_ID_SAYS)
        .optional()
        .describe(
          "WORKFLOW_ID of one that this cluster doesn't manage: on AWS the ARN of a state machine of Step Functions (no version, no alias), on GCP `projects/PROJECT/locations/LOCATION/workflows/NAME`. It is a value of one cloud.",
        ),
    }),
  );
