/** The adapter for Google Cloud. */
export { connectGcp, type Deps } from "./connect.ts";
export { type CustomRole, ensureRoles, ROLES, type RoleOutcome } from "./roles.ts";
