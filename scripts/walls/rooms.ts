/**
 * The plan of the house: every room of src/ with the rooms whose doors it may import. What is not listed is a wall.
 * A new entry here is a design decision (CONTRIBUTING.md, "Three sizes of change").
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  api: ['base'],
  pki: ['base'],
  plan: ['base', 'api', 'pki'],
  egress: ['base'],
  solvers: ['base', 'pki', 'egress'],
  issuers: ['base', 'pki', 'egress', 'solvers'],
  destinations: ['base', 'pki', 'egress'],
  notifiers: ['base', 'pki', 'egress'],
  testing: ['base', 'pki', 'issuers'],
  kube: ['base', 'api'],
  runtime: ['base', 'api', 'kube'],
  publish: ['base'],
  telemetry: ['base', 'publish'],
  audit: ['base'],
  config: ['base'],
  controllers: [
    ...['base', 'api', 'pki', 'plan', 'kube', 'runtime', 'telemetry', 'audit'],
    ...['issuers', 'solvers', 'destinations', 'notifiers'],
  ],
  app: [
    ...['base', 'api', 'pki', 'plan', 'egress', 'kube', 'runtime', 'controllers', 'telemetry', 'audit', 'config'],
    ...['publish', 'issuers', 'solvers', 'destinations', 'notifiers'],
  ],
}

/** Rooms that hold one folder per plugin; no plugin imports another of its room. */
export const pluginRooms: readonly string[] = ['issuers', 'solvers', 'destinations', 'notifiers']

/**
 * Every npm package that src/ may import at run time, with the only places that may: a room (`kube`), a file or folder
 * in it (`pki/ip-address`), or the same file of each plugin (`options` in any folder of `issuers`). Tests beside the
 * code are free.
 */
export const packages: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kube'],
  '@peculiar/asn1-csr': ['pki'],
  '@peculiar/asn1-schema': ['pki'],
  '@peculiar/asn1-x509': ['pki'],
  commander: ['app', 'main'],
  croner: ['plan/certificate/renewal-window'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  undici: ['egress', 'kube'],
  yaml: ['kube', 'config', 'app/commands/manifests', 'app/commands/output'],
  zod: ['api', 'config', 'kube', ...pluginRooms.map((room) => `${room}/*/options`)],
}

const network = ['egress', 'kube']

/** Modules of Node that reach outside the process, with the only places that may import them. */
export const nodeModules: Readonly<Record<string, readonly string[]>> = {
  child_process: ['testing'],
  dgram: network,
  dns: network,
  fs: ['kube', 'config', 'app', 'main', 'testing'],
  http: [...network, 'publish'],
  http2: network,
  https: network,
  net: [...network, 'pki/ip-address', 'publish'],
  timers: [],
  tls: network,
  vm: [],
}
