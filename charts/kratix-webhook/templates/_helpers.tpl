{{- define "kratix-webhook.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kratix-webhook.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "kratix-webhook.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "kratix-webhook.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "kratix-webhook.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kratix-webhook.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kratix-webhook.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "kratix-webhook.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "kratix-webhook.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "kratix-webhook.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "kratix-webhook.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}
{{- else }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* The Secret with the server's certificate, whoever makes it. */}}
{{- define "kratix-webhook.certificateSecret" -}}
{{- if eq .Values.certificate.source "secret" }}
{{- required "certificate.secretName is needed with certificate.source: secret" .Values.certificate.secretName }}
{{- else }}
{{- printf "%s-certificate" (include "kratix-webhook.fullname" .) }}
{{- end }}
{{- end }}

{{/* What all webhooks have in common. Takes a dict: root, name, path, settings, namespaced. */}}
{{- define "kratix-webhook.webhook" -}}
{{- $root := .root }}
- name: {{ .name }}
  admissionReviewVersions: [v1]
  sideEffects: None
  matchPolicy: Equivalent
  failurePolicy: {{ .settings.failurePolicy }}
  timeoutSeconds: {{ .settings.timeoutSeconds }}
  clientConfig:
    service:
      namespace: {{ $root.Release.Namespace }}
      name: {{ include "kratix-webhook.fullname" $root }}
      path: {{ .path }}
      port: {{ $root.Values.service.port }}
    {{- if eq $root.Values.certificate.source "secret" }}
    caBundle: {{ required "certificate.caBundle is needed with certificate.source: secret" $root.Values.certificate.caBundle }}
    {{- end }}
  {{- if .namespaced }}
  namespaceSelector:
    {{- with .settings.namespaceSelector.matchLabels }}
    matchLabels:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    matchExpressions:
      # A cluster that lost all its nodes has to come back by itself.
      - key: kubernetes.io/metadata.name
        operator: NotIn
        values: {{ list "kube-system" $root.Values.kratix.namespace $root.Release.Namespace | uniq | toJson }}
      {{- with .settings.namespaceSelector.matchExpressions }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  {{- end }}
  {{- with .settings.objectSelector }}
  objectSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchConditions:
    # Kratix's own writes are never held up.
    - name: not-by-kratix
      expression: {{ printf "request.userInfo.username != '%s'" $root.Values.kratix.controllerUser | quote }}
    {{- with .settings.matchConditions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
