import { formed } from "./text.ts";

/** The ARN of an IAM policy that bounds a role: one of the account, or of AWS itself. */
export const boundaryArn = () =>
  formed(
    /^arn:[a-z-]+:iam::([0-9]{12}|aws):policy\/.+$/,
    512,
    "permissionsBoundary must be the ARN of an IAM policy: arn:aws:iam::ACCOUNT:policy/NAME",
  );
