import { stringify } from "yaml";
import type { Kind } from "../../crds/define.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

/** What Argo CD should think of an object of ours: `obj` in, `hs` out. The same for every kind. */
const HEALTH = `hs = {}
local annotations = obj.metadata.annotations or {}
local spec = obj.spec or {}
local status = obj.status or {}
local condition = {}
for _, one in ipairs(status.conditions or {}) do
  condition[one.type] = one
end
local function says(type, value)
  return condition[type] ~= nil and condition[type].status == value
end
local function result(health, message)
  hs.status = health
  hs.message = message
  return hs
end

if obj.metadata.deletionTimestamp ~= nil then
  return result("Progressing", says("Stalled", "True") and condition.Stalled.message or "It is being deleted")
end
if spec.enabled == false then
  return result("Suspended", spec.disabledReason or "It is switched off")
end
if annotations["onyx.onelens.io/paused"] == "true" then
  return result("Suspended", "It is paused")
end
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return result("Progressing", "The operator has not looked at this change yet")
end
if says("Stalled", "True") then
  return result("Degraded", condition.Stalled.message)
end
if says("Reconciling", "True") then
  return result("Progressing", condition.Reconciling.message)
end
if says("Ready", "True") then
  return result("Healthy", condition.Ready.message)
end
if says("Ready", "False") then
  return result("Degraded", condition.Ready.message)
end
return result("Progressing", "Waiting for the operator")
`;

/** The health check as Lua, and as the part of argocd-cm that installs it for every kind. */
export function argocdFiles(kinds: readonly Kind[]): readonly Output[] {
  const data = Object.fromEntries(
    kinds.map((kind) => [`resource.customizations.health.${kind.group}_${kind.kind}`, HEALTH]),
  );
  const patch = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm", namespace: "argocd" }, data };
  return [
    { path: "charts/onyx-operator/files/argocd-health.lua", text: `-- ${MARK}.\n${HEALTH}` },
    {
      path: "charts/onyx-operator/files/argocd-cm.yaml",
      text: `# ${MARK}. kubectl apply --server-side -f this: it adds to what is there.\n${stringify(patch, { lineWidth: 0, aliasDuplicateObjects: false })}`,
    },
  ];
}
