{{- define "stack.labels" -}}
app.kubernetes.io/part-of: mcp-identity-stack
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "stack.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "stack.image" -}}
{{- $tag := required "images.tag must name a build (never latest)" .root.Values.images.tag -}}
{{ required "images.repository must say where your builds of infra/images lie" .root.Values.images.repository }}/{{ .name }}:{{ $tag }}
{{- end }}

{{/* What the restricted pod security standard asks for, and a file system that cannot be changed. */}}
{{- define "stack.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "stack.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Where trustedAuthoritiesConfigMap is in a pod. */}}
{{- define "stack.authorities" -}}
/run/config/authorities/authorities.pem
{{- end }}

{{/* Replicas of one part lie on different nodes and zones where there are several. */}}
{{- define "stack.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: { matchLabels: { {{ include "stack.selector" . | replace "\n" ", " }} } }
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: { matchLabels: { {{ include "stack.selector" . | replace "\n" ", " }} } }
{{- end }}

{{- define "stack.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .name }}
  labels: {{- include "stack.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector: { matchLabels: { {{ include "stack.selector" . | replace "\n" ", " }} } }
{{- end }}
