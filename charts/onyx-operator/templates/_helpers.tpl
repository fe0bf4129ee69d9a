{{- define "onyx.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}
{{- define "onyx.selector" -}}
app.kubernetes.io/name: onyx-operator
app.kubernetes.io/component: operator
onyx.onelens.io/release: {{ include "onyx.name" . }}
{{- end }}
{{- define "onyx.labels" -}}
{{ include "onyx.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/part-of: onyx
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}
{{- define "onyx.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
{{- define "onyx.finalizerAtAdmission" -}}
{{- if eq (toString .Values.finalizerAtAdmission) "auto" -}}
{{- if .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}true{{ end -}}
{{- else if .Values.finalizerAtAdmission -}}true{{- end -}}
{{- end }}
{{- /* A role with its rules, bound to the operator: in .namespace, or in the whole cluster without one. */ -}}
{{- define "onyx.grant" }}
{{- $kind := empty .namespace | ternary "ClusterRole" "Role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "onyx.labels" .root | nindent 4 }}
rules: {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "onyx.labels" .root | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ .name }}}
subjects:
  - {kind: ServiceAccount, name: {{ include "onyx.name" .root }}, namespace: {{ .root.Release.Namespace }}}
{{- end }}
