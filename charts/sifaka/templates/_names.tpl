{{/* Names, labels and references that several templates use. */}}

{{- define "sifaka.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of all objects. 44 characters leave room for the longest suffix in names that have at most 63. */}}
{{- define "sifaka.fullname" -}}
{{- $name := include "sifaka.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- end }}

{{- define "sifaka.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sifaka.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sifaka.labels" -}}
{{ include "sifaka.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sifaka.serviceAccountName" -}}
{{- default (ternary (include "sifaka.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end }}

{{- define "sifaka.subject" -}}
kind: ServiceAccount
name: {{ include "sifaka.serviceAccountName" . }}
namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "sifaka.image" -}}
{{- with .Values.image -}}
{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end }}
