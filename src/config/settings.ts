import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { durationPattern, parseDuration, second } from '#base'

/** One setting: its flag, its environment variable and what it means. The only list of settings there is. */
export interface Setting {
  /** As commander writes it: `--name <value>`. */
  readonly flag: string
  readonly variable: string
  readonly description: string
  /** What holds when neither is given; undefined: the description says. */
  readonly default?: string
  /** Reads the text of the flag or variable. */
  readonly schema: z.ZodType<unknown, string | undefined>
}

const text = z.string()
const duration = z
  .string()
  .regex(new RegExp(durationPattern), { error: 'is not a duration such as 15s or 1m30s', abort: true })
  .refine((duration) => parseDuration(duration) >= second, 'is shorter than 1s')
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const namespaceName = z.string().regex(label, 'is not the name of a namespace')
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
const names = list.refine(
  (parts) => parts.every((part) => label.test(part)),
  'has a part that is not the name of a namespace',
)
const packageName = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*(\/[A-Za-z0-9._-]+)*$/
const modules = list.refine(
  (parts) => parts.every((part) => isAbsolute(part) || packageName.test(part)),
  'has a part that is neither the name of a package nor an absolute path',
)
const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]*):[0-9]{1,5}$/, 'is not an address such as 0.0.0.0:9402')
  .refine((listen) => Number(listen.split(':').at(-1)) <= 65_535, 'has a port above 65535')

const yesOrNo = z.enum(['true', 'false'], 'is not true or false').transform((text) => text === 'true')

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, 'is not a whole number')
    .transform(Number)
    .refine((number) => number >= min && number <= max, `is not between ${min} and ${max}`)

const define = <const Settings extends Record<string, Setting>>(settings: Settings): Settings => settings

export const settings = define({
  kubeconfig: {
    flag: '--kubeconfig <file>',
    variable: 'KUBECONFIG',
    description: 'kubeconfig of the cluster, or several, joined by colons; without one, the service account of the Pod',
    schema: text.optional(),
  },
  context: {
    flag: '--context <name>',
    variable: 'SIFAKA_CONTEXT',
    description: 'context of the kubeconfig; without one, its current context',
    schema: text.optional(),
  },
  namespaces: {
    flag: '--namespaces <names>',
    variable: 'SIFAKA_NAMESPACES',
    description: 'namespaces to work in, separated by commas; empty: all',
    default: '',
    schema: names,
  },
  systemNamespace: {
    flag: '--system-namespace <name>',
    variable: 'SIFAKA_SYSTEM_NAMESPACE',
    description: "the operator's own namespace, where its Lease is",
    default: 'sifaka-system',
    schema: namespaceName,
  },
  leaseName: {
    flag: '--lease-name <name>',
    variable: 'SIFAKA_LEASE_NAME',
    description: 'Lease that decides which replica works',
    default: 'sifaka',
    schema: text,
  },
  leaseDuration: {
    flag: '--lease-duration <duration>',
    variable: 'SIFAKA_LEASE_DURATION',
    description: 'how long a replica that is gone keeps the Lease',
    default: '15s',
    schema: duration,
  },
  identity: {
    flag: '--identity <id>',
    variable: 'SIFAKA_IDENTITY',
    description:
      "who holds the Lease: the Pod's UID, so that a restarted container resumes at once; without one, a random one",
    schema: text.optional(),
  },
  listen: {
    flag: '--listen <address>',
    variable: 'SIFAKA_LISTEN',
    description: 'address for metrics and probes (/metrics, /livez, /readyz); port 0 takes a free one',
    default: '127.0.0.1:9402',
    schema: address,
  },
  crlListen: {
    flag: '--crl-listen <address>',
    variable: 'SIFAKA_CRL_LISTEN',
    description:
      'address that serves CRLs at /crl/<namespace>/<authority>/<generation>.crl; empty: they are not served',
    default: '',
    schema: address.or(z.literal('')),
  },
  concurrency: {
    flag: '--concurrency <n>',
    variable: 'SIFAKA_CONCURRENCY',
    description: 'objects of one kind worked on at a time',
    default: '16',
    schema: wholeNumber(1, 256),
  },
  freeze: {
    flag: '--freeze <true|false>',
    variable: 'SIFAKA_FREEZE',
    description: 'issue nothing and rotate no CA; revoke, publish CRLs and watch as ever',
    default: 'false',
    schema: yesOrNo,
  },
  allowLargeRsa: {
    flag: '--allow-large-rsa <true|false>',
    variable: 'SIFAKA_ALLOW_LARGE_RSA',
    description: 'permit RSA keys of 8192 bits, each of which takes a processor for seconds to minutes',
    default: 'false',
    schema: yesOrNo,
  },
  restoreGrace: {
    flag: '--restore-grace <duration>',
    variable: 'SIFAKA_RESTORE_GRACE',
    description: "how long after an Authority was restored its certificates' Secrets are waited for",
    default: '10m',
    schema: duration,
  },
  issuerPlugins: {
    flag: '--issuer-plugins <packages>',
    variable: 'SIFAKA_ISSUER_PLUGINS',
    description: 'packages of issuers that do not come with Sifaka, or absolute paths, separated by commas',
    default: '',
    schema: modules,
  },
  logLevel: {
    flag: '--log-level <level>',
    variable: 'SIFAKA_LOG_LEVEL',
    description: 'debug, info, warn or error',
    default: 'info',
    schema: z.enum(['debug', 'info', 'warn', 'error'], 'is not debug, info, warn or error'),
  },
  auditLog: {
    flag: '--audit-log <file>',
    variable: 'SIFAKA_AUDIT_LOG',
    description: 'file that the audit stream is appended to; - for standard output',
    default: '-',
    schema: text,
  },
})

type Settings = typeof settings

/** The settings, read. */
export type Config = { readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']> }
