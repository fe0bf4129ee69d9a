import { z } from "zod";
import { formed } from "./text.ts";

/**
 * The id of a workflow, in the form of either cloud. A version or an alias of a state machine is none: who may start it is
 * said in another way.
 */
const WORKFLOW_ID =
  /^(arn:[a-z0-9-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_.+=@-]{1,80}|projects\/[a-z0-9.:-]+\/locations\/[a-z0-9-]+\/workflows\/[A-Za-z][A-Za-z0-9_-]{0,63})$/;

export const WORKFLOW_ID_SAYS =
  "external must be the ARN of a state machine, arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, or the name of a workflow, projects/PROJECT/locations/LOCATION/workflows/NAME";

/** A workflow by its id: there is no kind Workflow that a name could be one of. With one, `name` is added beside it. */
export const workflowReference = () =>
  z.strictObject({
    external: formed(WORKFLOW_ID, 512, WORKFLOW_ID_SAYS).describe(
      "WORKFLOW_ID: on AWS the ARN of a state machine of Step Functions (no version, no alias), on GCP `projects/PROJECT/locations/LOCATION/workflows/NAME`. It is a value of one cloud.",
    ),
  });
