import { z } from 'zod'

/**
 * The values of the chart. The only source of `values.yaml`, of `values.schema.json` and of the table in the chart's
 * README: each field has a default and a description.
 */

/** A part of a Kubernetes object that the chart hands on as it is. */
const manifest = z.record(z.string(), z.unknown())
const manifests = z.array(manifest)
const texts = z.record(z.string(), z.string())
const port = z.int().min(1).max(65_535)
const duration = z.string().regex(/^([0-9]+(h|m|s|ms))+$/)
const namespace = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
/** Text that cannot have the comma which the operator's settings separate lists by. */
const word = z.string().regex(/^[^,\s]+$/)

const off = z.boolean().default(false)
const on = z.boolean().default(true)
const labels = texts.default({}).describe('Labels added to it.')
const annotations = texts.default({}).describe('Annotations added to it.')

const image = z.strictObject({
  repository: z.string().min(1).default('ghcr.io/sifaka-dev/sifaka').describe('Where the image is.'),
  tag: z.string().default('').describe("Tag. Empty: the chart's appVersion."),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .default('')
    .describe('Digest, sha256:...; it decides, whatever the tag.'),
  pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').describe('When it is pulled.'),
})

const operator = z.strictObject({
  concurrency: z.int().min(1).max(256).default(16).describe('Objects of one kind worked on at a time.'),
  freeze: off.describe('Issue nothing and rotate no CA; revoke, publish CRLs and watch as ever.'),
  allowLargeRsa: off.describe('Permit RSA keys of 8192 bits, each of which takes a processor for seconds to minutes.'),
  restoreGrace: duration
    .default('10m')
    .describe("How long after an Authority was restored its certificates' Secrets are waited for."),
  issuerPlugins: z
    .array(word)
    .default([])
    .describe('Packages of issuers that do not come with Sifaka, or absolute paths. They must be in the image.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is logged.'),
  auditLog: z
    .string()
    .regex(/^(-|\/.+)$/)
    .default('-')
    .describe('File that the audit stream is appended to, on a volume of extraVolumes; - for standard output.'),
  lease: z
    .strictObject({
      name: z.string().min(1).default('sifaka').describe('Lease that decides which replica works.'),
      duration: duration.default('15s').describe('How long a replica that is gone keeps the Lease.'),
    })
    .describe('One replica works, the others stand by.'),
})

const metrics = z.strictObject({
  port: port.default(9402).describe('Port of /metrics, /livez and /readyz.'),
  service: z.strictObject({ enabled: on.describe('Make it.'), labels, annotations }).describe('Service for /metrics.'),
  serviceMonitor: z
    .strictObject({
      enabled: off.describe('Make it. Needs metrics.service.'),
      labels,
      interval: duration.default('30s').describe('Time from one scrape to the next.'),
      scrapeTimeout: duration.default('10s').describe('How long a scrape may take.'),
      relabelings: manifests.default([]).describe('Relabelings of targets.'),
      metricRelabelings: manifests.default([]).describe('Relabelings of samples.'),
    })
    .describe('ServiceMonitor of the Prometheus operator.'),
  prometheusRule: z
    .strictObject({ enabled: off.describe('Make it.'), labels })
    .describe('Alerts, as a PrometheusRule of the Prometheus operator.'),
  dashboard: z
    .strictObject({
      enabled: off.describe('Make it.'),
      labels: texts.default({ grafana_dashboard: '1' }).describe("Labels by which Grafana's sidecar finds it."),
      annotations,
    })
    .describe('Grafana dashboard, as a ConfigMap.'),
})

const crl = z.strictObject({
  enabled: off.describe('Serve CRLs over HTTP.'),
  port: port.default(9403).describe('Port of the container.'),
  service: z
    .strictObject({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('Type of the Service.'),
      port: port.default(80).describe('Port of the Service.'),
      labels,
      annotations,
    })
    .describe('Service for CRLs.'),
})

const networkPolicy = z.strictObject({
  enabled: off.describe('Make it.'),
  metricsFrom: manifests.default([]).describe('Who may reach the metrics (NetworkPolicyPeers). Empty: everyone.'),
  crlFrom: manifests.default([]).describe('Who may reach the CRLs (NetworkPolicyPeers). Empty: everyone.'),
  egress: manifests
    .default([])
    .describe('What the operator may reach (NetworkPolicyEgressRules): at least the API server. Empty: everything.'),
})

const admissionPolicies = z.strictObject({
  enabled: off.describe('Make the policies below that are enabled. They are CEL, held by the API server: no webhook.'),
  requestedBy: z
    .strictObject({ enabled: on.describe('Make it. Needs MutatingAdmissionPolicy (Kubernetes 1.36).') })
    .describe('Writes who asked for a Certificate, or changed its spec, into its annotation sifaka.dev/requested-by.'),
  useAuthority: z
    .strictObject({ enabled: on.describe('Make it.') })
    .describe('Whoever names an Authority in authorityRef or parentRef needs the RBAC verb use on it.'),
  caSecrets: z
    .strictObject({
      enabled: on.describe('Make it.'),
      groups: z.array(z.string().min(1)).default(['system:masters']).describe('Groups that may nevertheless.'),
      users: z.array(z.string().min(1)).default([]).describe('Users that may nevertheless.'),
    })
    .describe('Nobody but the operator changes or deletes Secrets with the keys of CAs.'),
})

const pod = {
  resources: manifest
    .default({ requests: { cpu: '50m', memory: '160Mi' }, limits: { memory: '512Mi' } })
    .describe('Requests and limits. 5,000 certificates take about 200 MB.'),
  podSecurityContext: manifest
    .default({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    .describe('Security context of the Pod.'),
  securityContext: manifest
    .default({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
    .describe('Security context of the container.'),
  livenessProbe: manifest
    .default({ periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 })
    .describe('Times of the probe of /livez.'),
  readinessProbe: manifest
    .default({ periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 })
    .describe('Times of the probe of /readyz.'),
  startupProbe: manifest
    .default({ periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 })
    .describe('Times of the probe of /livez while the process starts.'),
  terminationGracePeriodSeconds: z
    .int()
    .min(15)
    .default(30)
    .describe('Time to end in. What is under way has 10 seconds, then the Lease is given back.'),
  nodeSelector: texts.default({ 'kubernetes.io/os': 'linux' }).describe('Labels of nodes that it may run on.'),
  tolerations: manifests.default([]).describe('Taints that it bears.'),
  affinity: manifest.default({}).describe('Affinity.'),
  topologySpreadConstraints: manifests
    .default([{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' }])
    .describe('How replicas are spread. One without labelSelector is about the replicas of this release.'),
  priorityClassName: z.string().default('').describe('Priority class.'),
  podLabels: texts.default({}).describe('Labels of the Pods.'),
  podAnnotations: texts.default({}).describe('Annotations of the Pods.'),
  extraArgs: z.array(z.string()).default([]).describe('More arguments, such as --log-level=debug.'),
  extraEnv: manifests.default([]).describe('More environment variables (EnvVars).'),
  extraVolumes: manifests.default([]).describe('More volumes.'),
  extraVolumeMounts: manifests.default([]).describe('Where they are mounted.'),
}

export const chartValues = z.strictObject({
  nameOverride: z.string().max(63).default('').describe("The chart's name in labels and names. Empty: sifaka."),
  fullnameOverride: z.string().max(63).default('').describe('Name of all objects. Empty: made from the release.'),
  commonLabels: texts.default({}).describe('Labels of all objects but the CustomResourceDefinitions.'),
  crds: z
    .strictObject({
      enabled: on.describe(
        'Install and upgrade them with the chart. They outlive the release, and so do all objects of these kinds.',
      ),
    })
    .describe('CustomResourceDefinitions.'),
  replicaCount: z.int().min(0).default(2).describe('Replicas: one works, the others take over within seconds.'),
  image: image.describe('The image.'),
  imagePullSecrets: manifests.default([]).describe('Secrets to pull it with, such as - name: registry.'),
  namespaces: z
    .array(namespace)
    .default([])
    .describe(
      'Namespaces to work in. Empty: all. Otherwise the rights are in Roles of these namespaces, which must exist ' +
        'when the chart is installed; elsewhere the operator has its Lease alone.',
    ),
  operator: operator.describe("The operator's settings."),
  serviceAccount: z
    .strictObject({
      create: on.describe('Make it.'),
      name: z.string().default('').describe("Its name. Empty: the release's full name, or default without create."),
      annotations,
    })
    .describe('ServiceAccount that the operator runs as.'),
  rbac: z
    .strictObject({ create: on.describe('Give the operator the rights it needs, and no other.') })
    .describe('Rights of the operator.'),
  roles: z
    .strictObject({
      create: on.describe('Make ClusterRoles for people. See the table in README.md.'),
      aggregateAuthoritiesTo: z
        .array(z.enum(['admin', 'edit']))
        .default([])
        .describe("Kubernetes' roles that may write Authorities too. Creating one is running a CA."),
    })
    .describe('Rights of people.'),
  metrics: metrics.describe('Metrics and what reads them.'),
  crl: crl.describe('CRLs of internal Authorities.'),
  networkPolicy: networkPolicy.describe('NetworkPolicy for the Pods.'),
  podDisruptionBudget: z
    .strictObject({
      enabled: on.describe('Make it.'),
      maxUnavailable: z
        .union([z.int().min(0), z.string().regex(/^[0-9]{1,3}%$/)])
        .default(1)
        .describe('Replicas that may be evicted at a time.'),
    })
    .describe('PodDisruptionBudget.'),
  admissionPolicies: admissionPolicies.describe('Admission policies.'),
  ...pod,
  // Helm hands this to every subchart. Nothing of it is used.
  global: manifest.optional(),
})
