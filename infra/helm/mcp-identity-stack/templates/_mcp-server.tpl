{{/* Servers of one kind: those that are called, or those that only hear of what has ended. */}}
{{- define "stack.mcpServer" -}}
{{- $part := . }}
{{- $root := .root }}
{{- with $root }}
{{- $s := .Values.mcpServer }}
{{- /* A wildcard in a certificate wants two labels behind it at least: hence the namespace. */}}
{{- $domain := printf "%s-%s-replicas.%s.svc" .Release.Name $part.name .Release.Namespace }}
{{- $scheme := ternary "HTTPS" "HTTP" (ne $s.tlsSecretName "") }}
# Each replica keeps its own audit chain and its own copy of the cut-offs on its own volume: hence a StatefulSet.
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .Release.Name }}-{{ $part.name }}
  labels: {{- include "stack.labels" $part | nindent 4 }}
spec:
  serviceName: {{ .Release.Name }}-{{ $part.name }}-replicas
  {{- if not $part.autoscaling }}
  replicas: {{ $part.replicas }}
  {{- end }}
  podManagementPolicy: Parallel
  # A replica is gone only after its successor of the step before is ready: good calls never fail during an update.
  updateStrategy: { type: RollingUpdate }
  minReadySeconds: 5
  selector: { matchLabels: { {{ include "stack.selector" $part | replace "\n" ", " }} } }
  template:
    metadata:
      labels: {{- include "stack.labels" $part | nindent 8 }}
      annotations: { prometheus.io/scrape: "true", prometheus.io/port: "8481", prometheus.io/scheme: {{ lower $scheme }}, prometheus.io/path: /metrics }
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- include "stack.podSecurity" . | nindent 8 }}
      topologySpreadConstraints: {{- include "stack.spread" $part | nindent 8 }}
      terminationGracePeriodSeconds: 30
      {{- with .Values.images.pullSecrets }}
      imagePullSecrets: {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      containers:
        - name: mcp-server
          image: {{ include "stack.image" (dict "root" . "name" "mcp-server") }}
          imagePullPolicy: {{ .Values.images.pullPolicy }}
          securityContext: {{- include "stack.containerSecurity" . | nindent 12 }}
          resources: {{- toYaml $s.resources | nindent 12 }}
          ports: [{ name: http, containerPort: 8481 }]
          env:
            - { name: MCP_RESOURCE, value: {{ required "mcpServer.resource must be the https address of /mcp" $s.resource | quote }} }
            - { name: MCP_ISSUERS, value: {{ toJson $s.issuers | quote }} }
            - { name: MCP_SIGNALS, value: {{ toJson $s.signals | quote }} }
            {{- with $s.audit }}
            - { name: MCP_AUDIT, value: {{ toJson . | quote }} }
            {{- end }}
            {{- with $s.sharedStore }}
            - { name: MCP_SHARED_STORE, value: {{ toJson . | quote }} }
            - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
            - { name: MCP_REPLICA, value: '{"name":"$(POD_NAME)","address":"https://$(POD_NAME).{{ $domain }}:8481"}' }
            # Whoever looks for a fault asks one replica by itself.
            - { name: MCP_ALLOWED_HOSTS, value: "$(POD_NAME).{{ $domain }}:8481" }
            {{- end }}
            {{- if $root.Values.trustedAuthoritiesConfigMap }}
            - { name: NODE_EXTRA_CA_CERTS, value: {{ include "stack.authorities" $ }} }
            {{- else if $s.tlsSecretName }}
            - { name: NODE_EXTRA_CA_CERTS, value: /run/secrets/tls/ca.crt }
            {{- end }}
            {{- with $s.evidenceKeyFile }}
            - { name: MCP_EVIDENCE_KEY_FILE, value: {{ . | quote }} }
            {{- end }}
            {{- with $s.tracesEndpoint }}
            - { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
            {{- end }}
            - { name: MCP_ALLOWED_ORIGINS, value: {{ join "," $s.allowedOrigins | quote }} }
            {{- if $s.tlsSecretName }}
            - { name: MCP_TLS_CERTIFICATE_FILE, value: /run/secrets/tls/tls.crt }
            - { name: MCP_TLS_KEY_FILE, value: /run/secrets/tls/tls.key }
            {{- end }}
            # The endpoints of the service are told that it stops; calls that still arrive are answered.
            - { name: MCP_DRAIN_MS, value: "5000" }
            - { name: NODE_OPTIONS, value: "--max-semi-space-size=4 --v8-pool-size=1 --max-old-space-size={{ int $s.heapMegabytes }}" }
            - { name: MCP_MAX_TOKEN_LIFETIME_SECONDS, value: {{ $s.maxTokenLifetimeSeconds | quote }} }
          startupProbe: { httpGet: { path: /healthz, port: http, scheme: {{ $scheme }} }, periodSeconds: 1, failureThreshold: 60 }
          livenessProbe: { httpGet: { path: /healthz, port: http, scheme: {{ $scheme }} }, periodSeconds: 10, timeoutSeconds: 3 }
          # Not ready while it cannot know who is still allowed: traffic goes to replicas that do.
          readinessProbe: { httpGet: { path: /readyz, port: http, scheme: {{ $scheme }} }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 1 }
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
            - { name: signals, mountPath: /run/secrets/signals, readOnly: true }
            {{- if $s.tlsSecretName }}
            - { name: tls, mountPath: /run/secrets/tls, readOnly: true }
            {{- end }}
            {{- if $root.Values.trustedAuthoritiesConfigMap }}
            - { name: authorities, mountPath: /run/config/authorities, readOnly: true }
            {{- end }}
      volumes:
        - { name: tmp, emptyDir: { medium: Memory, sizeLimit: 16Mi } }
        - name: signals
          secret: { secretName: {{ required "mcpServer.secretName must name the Secret with the files that mcpServer.signals names" $s.secretName }}, defaultMode: 0440 }
        {{- if $s.tlsSecretName }}
        - { name: tls, secret: { secretName: {{ $s.tlsSecretName }}, defaultMode: 0440 } }
        {{- end }}
        {{- with $root.Values.trustedAuthoritiesConfigMap }}
        - { name: authorities, configMap: { name: {{ . }} } }
        {{- end }}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $s.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources: { requests: { storage: {{ $s.storage.size }} } }
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-{{ $part.name }}
  labels: {{- include "stack.labels" $part | nindent 4 }}
spec:
  selector: {{- include "stack.selector" $part | nindent 4 }}
  ports: [{ name: http, port: 8481, targetPort: http }]
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-{{ $part.name }}-replicas
  labels: {{- include "stack.labels" $part | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {{- include "stack.selector" $part | nindent 4 }}
  ports: [{ name: http, port: 8481, targetPort: http }]
---
{{ include "stack.disruptionBudget" $part }}
{{- end }}
{{- end }}
