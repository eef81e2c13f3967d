{{/*
The operator's settings. They are variables and not arguments, so that `kubectl set env` can change one of them in a
hurry (--freeze), as docs/operating.md says.
*/}}
{{- define "sifaka.env" -}}
- name: SIFAKA_IDENTITY
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: SIFAKA_SYSTEM_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: SIFAKA_NAMESPACES
  value: {{ join "," .Values.namespaces | quote }}
- name: SIFAKA_LISTEN
  value: ":{{ .Values.metrics.port }}"
- name: SIFAKA_CRL_LISTEN
  value: {{ ternary (printf ":%v" .Values.crl.port) "" .Values.crl.enabled | quote }}
{{- with .Values.operator }}
- name: SIFAKA_LEASE_NAME
  value: {{ .lease.name | quote }}
- name: SIFAKA_LEASE_DURATION
  value: {{ .lease.duration | quote }}
- name: SIFAKA_CONCURRENCY
  value: {{ .concurrency | quote }}
- name: SIFAKA_FREEZE
  value: {{ .freeze | quote }}
- name: SIFAKA_ALLOW_LARGE_RSA
  value: {{ .allowLargeRsa | quote }}
- name: SIFAKA_RESTORE_GRACE
  value: {{ .restoreGrace | quote }}
- name: SIFAKA_ISSUER_PLUGINS
  value: {{ join "," .issuerPlugins | quote }}
- name: SIFAKA_LOG_LEVEL
  value: {{ .logLevel | quote }}
- name: SIFAKA_AUDIT_LOG
  value: {{ .auditLog | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
