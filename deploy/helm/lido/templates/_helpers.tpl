{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{- define "lido.labels" -}}
app.kubernetes.io/name: lido
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Name of an image. Parameters: root, image (of a cluster; without one, that of all clusters), path (in the values). */}}
{{- define "lido.image" -}}
{{- $image := default .root.Values.image .image -}}
{{- $path := ternary (printf "%s.image" .path) "image" (not (empty .image)) -}}
{{- if not $image.repository }}{{ fail (printf "%s.repository is not set, want the image that deploy/image/Dockerfile makes" $path) }}{{ end -}}
{{- if not (or $image.tag $image.digest) }}{{ fail (printf "%s.tag is not set, want a tag that never moves, or %s.digest" $path $path) }}{{ end -}}
{{- if has $image.tag (list "latest" "nightly") }}{{ fail (printf "%s.tag is %s, want a tag that never moves, or %s.digest" $path $image.tag $path) }}{{ end -}}
{{- $image.repository }}{{ with $image.tag }}:{{ . }}{{ end }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "lido.bytes" -}}
{{ mulf . 1073741824 | floor | int64 }}
{{- end }}

{{- define "lido.security" -}}
runAsNonRoot: true
runAsUser: 1000
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Requests and limits of a group's container. CPUs may burst, memory never. */}}
{{- define "lido.resources" -}}
requests:
  cpu: {{ .cpu | quote }}
  memory: {{ printf "%dMi" (mulf .memoryGiB 1024 | int64) }}
  ephemeral-storage: {{ printf "%dMi" (mulf .spillGiB 1024 | int64) }}
  {{- with .gpu }}
  nvidia.com/gpu: {{ .count | quote }}
  {{- end }}
limits:
  cpu: {{ mulf .cpu (default 1 .burst) | quote }}
  memory: {{ printf "%dMi" (mulf .memoryGiB 1024 | int64) }}
  ephemeral-storage: {{ printf "%dMi" (mulf .spillGiB 1024 | int64) }}
  {{- with .gpu }}
  nvidia.com/gpu: {{ .count | quote }}
  {{- end }}
{{- end }}

{{/* A frozen raylet is removed within a minute: Ray drops it after 30 s (environment of the head), Kubernetes after 50 s. Shorter probes kill pods whose CPUs are all busy. */}}
{{- define "lido.probes" -}}
startupProbe:
  httpGet: {path: /api/healthz, port: 52365}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 120
livenessProbe:
  httpGet: {path: /api/healthz, port: 52365}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 10
readinessProbe:
  httpGet: {path: /api/healthz, port: 52365}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/* Common part of the containers of heads and workers. Parameters: root, group, image and path (lido.image). */}}
{{- define "lido.container" -}}
image: {{ include "lido.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- include "lido.security" . | nindent 2 }}
resources: {{- include "lido.resources" .group | nindent 2 }}
env:
  {{- $given := list }}{{ range .root.Values.env }}{{ $given = append $given .name }}{{ end }}
  {{- range $name, $value := dict "RAY_USAGE_STATS_ENABLED" "0" "HOME" "/tmp" }}
  {{- if not (has $name $given) }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
  {{- end }}
  {{- with .root.Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: shm, mountPath: /dev/shm}
  - {name: ray-logs, mountPath: /tmp/ray}
{{- end }}

{{- define "lido.volumes" -}}
# Counts toward the pod's memory.
- name: shm
  emptyDir: {medium: Memory, sizeLimit: {{ printf "%dMi" (addf (mulf .objectStoreGiB 1024) 64 | int64) }}}
# Logs and spilled objects. A pod that fills the volume is evicted alone, before the node is full.
- name: ray-logs # KubeRay's name; KubeRay mounts the volume in the autoscaler's container too
  emptyDir: {sizeLimit: {{ printf "%dMi" (mulf .spillGiB 1024 | int64) }}}
{{- end }}

{{/* Memory that Ray gives to tasks: the limit, less the object store and a tenth for Ray itself. */}}
{{- define "lido.taskMemory" -}}
{{- $memory := subf (mulf .memoryGiB 0.9) .objectStoreGiB -}}
{{- if le $memory 0.0 }}{{ fail (printf "memoryGiB is %v with an objectStoreGiB of %v, want more" .memoryGiB .objectStoreGiB) }}{{ end -}}
{{ include "lido.bytes" $memory }}
{{- end }}

{{- define "lido.placement" -}}
{{- $gke := eq .root.Values.platform "gke-autopilot" -}}
{{- $selector := dict -}}
{{- $tolerations := list -}}
{{- if .group.spot -}}
{{- if or (eq (default "" .name) "driver") (get (default dict .group.resources) "driver") }}{{ fail (printf "%s.spot is true, want false: the job of a reclaimed driver ends" .path) }}{{ end -}}
{{- if and (not $gke) (not .group.nodeSelector) }}{{ fail (printf "%s.spot is true on platform kubernetes, want a nodeSelector of spot nodes, such as {eks.amazonaws.com/capacityType: SPOT}" .path) }}{{ end -}}
{{- end -}}
{{- if and $gke .group.spot -}}
{{/* Spot pods, billed as pods, with GPUs too. GKE keeps all other pods off these nodes, so that no driver runs there. */}}
{{- $_ := set $selector "cloud.google.com/gke-spot" "true" -}}
{{- $tolerations = append $tolerations (dict "key" "cloud.google.com/gke-spot" "operator" "Equal" "value" "true" "effect" "NoSchedule") -}}
{{- end -}}
{{- with .group.gpu -}}
{{- if $gke }}{{ $_ := set $selector "cloud.google.com/gke-accelerator" .type }}{{ end -}}
{{- $tolerations = append $tolerations (dict "key" "nvidia.com/gpu" "operator" "Exists" "effect" "NoSchedule") -}}
{{- end -}}
{{- with .group.nodeSelector }}{{ $selector = merge (deepCopy .) $selector }}{{ end -}}
{{- with .group.tolerations }}{{ $tolerations = concat $tolerations . }}{{ end -}}
{{- with $selector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
# A spot node terminates pods after at most 25 s.
terminationGracePeriodSeconds: {{ ternary 25 60 (default false .group.spot) }}
{{- end }}

{{/* CPUs that Ray schedules on a pod: `ray start --num-cpus` takes only whole numbers. Parameters: group, path. */}}
{{- define "lido.cpus" -}}
{{- if hasKey .group "cpus" -}}
{{- .group.cpus -}}
{{- else -}}
{{- if ne (float64 .group.cpu) (floor .group.cpu) }}{{ fail (printf "%s.cpu is %v, want a whole number, or cpus with the number of CPUs that Ray schedules" .path .group.cpu) }}{{ end -}}
{{- .group.cpu -}}
{{- end -}}
{{- end }}

{{/* Namespace selector of KubeRay's operator. */}}
{{- define "lido.operatorNamespaces" -}}
{{- $network := .Values.network -}}
{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ empty $network.operatorNamespace | ternary (list "kuberay-operator" "kuberay-system" "ray-system") (list $network.operatorNamespace) | toJson }}}]}
{{- end }}

{{/* Egress rule to the API server. */}}
{{- define "lido.toApiServer" -}}
- ports: [{protocol: TCP, port: 443}, {protocol: TCP, port: 6443}]
  {{- with .Values.network.apiServer }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Spec of a RayCluster. Parameters: root, cluster, path (in the values), pods (label of its pods), auth (token or kubernetes). */}}
{{- define "lido.cluster" -}}
{{- $root := .root -}}
{{- $head := .cluster.head -}}
rayVersion: {{ $root.Values.ray.version | quote }}
enableInTreeAutoscaling: true
authOptions: {mode: token{{ if eq .auth "kubernetes" }}, enableK8sTokenAuth: true{{ end }}}
autoscalerOptions:
  version: v2
  idleTimeoutSeconds: {{ .cluster.idleTimeoutSeconds }}
  upscalingMode: Default
  # Seconds between the autoscaler's checks for waiting work. Ray's default is 5; a job starts with two pods in a row.
  env: [{name: AUTOSCALER_UPDATE_INTERVAL_S, value: "1"}]
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  securityContext: {{- include "lido.security" . | nindent 4 }}
  {{- $autoscaler := merge (dict "spillGiB" 0.125) $root.Values.autoscaler }}
  resources: {{- include "lido.resources" $autoscaler | nindent 4 }}
headGroupSpec:
  serviceType: ClusterIP
  rayStartParams:
    # Only Ray itself runs on the head.
    num-cpus: "0"
    memory: "0"
    object-store-memory: {{ include "lido.bytes" $head.objectStoreGiB | quote }}
    dashboard-host: 0.0.0.0
  template:
    metadata:
      labels: {{- include "lido.labels" $root | nindent 8 }}
        lido/cluster: {{ .pods }}
      annotations:
        cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
        prometheus.io/scrape: "true"
        prometheus.io/port: "8080"
    spec:
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "lido.placement" (dict "root" $root "group" (pick $head "nodeSelector" "tolerations")) | trim | nindent 6 }}
      containers:
        - name: ray-head
          {{- $container := include "lido.container" (dict "root" $root "group" $head "image" .cluster.image "path" .path) | fromYaml }}
          {{- $health := list (dict "name" "RAY_health_check_period_ms" "value" "3000") (dict "name" "RAY_health_check_timeout_ms" "value" "5000") (dict "name" "RAY_health_check_failure_threshold" "value" "4") }}
          {{- $_ := set $container "env" (concat $container.env $health) }}
          {{- toYaml $container | nindent 10 }}
          {{- include "lido.probes" . | nindent 10 }}
          ports:
            - {name: gcs-server, containerPort: 6379}
            - {name: dashboard, containerPort: 8265}
            - {name: client, containerPort: 10001}
            - {name: metrics, containerPort: 8080}
      volumes: {{- include "lido.volumes" $head | nindent 8 }}
workerGroupSpecs:
  {{- range $name, $group := .cluster.groups }}
  {{- $path := printf "%s.groups.%s" $.path $name }}
  # The autoscaler sets `replicas`.
  - groupName: {{ $name }}
    minReplicas: {{ $group.min }}
    maxReplicas: {{ $group.max }}
    rayStartParams:
      num-cpus: {{ include "lido.cpus" (dict "group" $group "path" $path) | quote }}
      {{- with $group.gpu }}
      num-gpus: {{ .count | quote }}
      {{- end }}
      memory: {{ include "lido.taskMemory" $group | quote }}
      object-store-memory: {{ include "lido.bytes" $group.objectStoreGiB | quote }}
      {{- with $group.resources }}
      resources: {{ toJson . | quote | squote }}
      {{- end }}
    template:
      metadata:
        labels: {{- include "lido.labels" $root | nindent 10 }}
          lido/cluster: {{ $.pods }}
        annotations:
          prometheus.io/scrape: "true"
          prometheus.io/port: "8080"
          {{- if not $group.spot }}
          cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
          {{- end }}
      spec:
        serviceAccountName: {{ $root.Values.serviceAccount.name }}
        # With auth.mode kubernetes, Ray asks the API server about each caller.
        automountServiceAccountToken: {{ eq $.auth "kubernetes" }}
        {{- with $root.Values.image.pullSecrets }}
        imagePullSecrets: {{- toYaml . | nindent 10 }}
        {{- end }}
        {{- include "lido.placement" (dict "root" $root "group" $group "name" $name "path" $path) | trim | nindent 8 }}
        containers:
          - name: ray-worker
            {{- include "lido.container" (dict "root" $root "group" $group "image" $.cluster.image "path" $.path) | nindent 12 }}
            {{- include "lido.probes" . | nindent 12 }}
            ports:
              - {name: metrics, containerPort: 8080}
        volumes: {{- include "lido.volumes" $group | nindent 10 }}
  {{- end }}
{{- end }}

{{/* Rules of a role that may call Ray on the clusters. */}}
{{- define "lido.mayCall" -}}
{{- $clusters := keys .Values.clusters | sortAlpha | toJson -}}
{{- if eq .Values.auth.mode "kubernetes" -}}
- {apiGroups: [ray.io], resources: [rayclusters], resourceNames: {{ $clusters }}, verbs: ["ray:write"]}
- {apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [lido-submitter], verbs: [create]}
{{- else -}}
- {apiGroups: [""], resources: [secrets], resourceNames: {{ $clusters }}, verbs: [get]}
{{- end -}}
{{- end }}

{{/* Service accounts of Ray's pods. KubeRay creates the head's, with the cluster's name. */}}
{{- define "lido.pods" -}}
- {kind: ServiceAccount, name: {{ .Values.serviceAccount.name }}, namespace: {{ .Release.Namespace }}}
{{- range $name, $cluster := .Values.clusters }}{{ if $cluster.enabled }}
- {kind: ServiceAccount, name: {{ $name }}, namespace: {{ $.Release.Namespace }}}
{{- end }}{{ end }}
{{- end }}
