{{- define "onyx.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}
{{- define "onyx.selector" -}}
app.kubernetes.io/name: onyx-operator
app.kubernetes.io/component: operator
onyx.onelens.io/release: {{ include "onyx.name" . }}
{{- end }}
{{- define "onyx.labels" -}}
{{ include "onyx.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: onyx
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{- define "onyx.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
{{- define "onyx.finalizerAtAdmission" -}}
{{- if eq (toString .Values.finalizerAtAdmission) "auto" -}}
{{- if .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}true{{ end -}}
{{- else if .Values.finalizerAtAdmission -}}true{{- end -}}
{{- end }}
