import assert from 'node:assert/strict'
import { type Authority, annotations, findCondition } from '#api'
import { day, hour, minute, second, toRfc3339 } from '#base'
import { resources } from '#kube'
import { encodeCertificates, keySigner, newSerialNumber, parseCertificate, parseCsr, signSubordinate } from '#pki'
import { testCa } from '#test/make'
import { authorities, isReady, type Namespace, secrets, textOf } from '../controllers/namespace.ts'
import { hasMark, isIssued, readyAuthority, readyCertificate, reissue, type Stage, type Workload } from './workload.ts'

/** Whether it is ready and all that comes of it is there: its bundle, and the mark that it has a key. */
async function isAuthorityReady({ namespace, sandbox }: Stage): Promise<boolean> {
  const authority = await namespace.authority('ca')
  await sandbox.client.get(resources.configMaps, { namespace: namespace.name, name: 'ca-ca' })
  return isReady(authority) && authority.metadata.annotations?.[annotations.hasCA] === '1'
}

const rotate = ({ namespace }: Stage): Promise<Authority> =>
  namespace.patch(authorities, 'ca', { spec: { internal: { generation: 2 } } })

const made: Workload = {
  name: 'authority',
  prepare: async () => {},
  begin: ({ namespace }) => namespace.createAuthority('ca'),
  isDone: isAuthorityReady,
  writes: [
    ...['create secrets ca-ca-1', 'patch authorities ca', 'patch authorities/status ca', 'create configmaps ca-ca'],
    'create events ca',
  ],
  isOfTheMoment: true,
}

/** What follows when a root rotates: made, trusted, activated; and, an hour later, retired. */
const rotation: Workload = {
  name: 'rotation of a root',
  prepare: readyAuthority,
  begin: rotate,
  isDone: async ({ namespace }) => (await namespace.authority('ca')).status?.ca?.generation === 2,
  writes: [
    ...['create secrets ca-ca-2', 'patch secrets ca-ca-2', 'patch secrets ca-ca-2 #2', 'patch authorities ca'],
    ...['patch authorities/status ca', 'patch configmaps ca-ca', 'create events ca'],
  ],
  isOfTheMoment: true,
}

const trust: Workload = {
  name: 'trust in the next root',
  async prepare(stage) {
    await readyAuthority(stage, '1h')
    await stage.namespace.createCertificate('web', { outputs: { jks: {}, der: {} } })
    await stage.namespace.certificateReady('web', 1)
  },
  begin: rotate,
  async isDone({ namespace }) {
    const { metadata } = await namespace.secret('ca-ca-2')
    const web = await namespace.secret('web')
    const { status } = await namespace.authority('ca')
    return metadata.annotations?.[annotations.trustedAt] !== undefined && textOf(web, 'ca.crt') === status?.caBundle
  },
  writes: [
    ...['create secrets ca-ca-2', 'patch secrets ca-ca-2', 'patch authorities/status ca', 'patch configmaps ca-ca'],
    ...['patch secrets web', 'patch certificates/status web', 'create events ca'],
  ],
  isOfTheMoment: true,
}

const retirement: Workload = {
  name: 'retirement of a root',
  async prepare(stage) {
    await readyAuthority(stage)
    await rotate(stage)
    await stage.namespace.authorityUntil('ca', ({ status }) => status?.ca?.generation === 2, 30_000)
    await hasMark(stage.namespace, 2)
  },
  /** As if it had signed for an hour. */
  begin: ({ namespace }) => {
    const activatedAt = toRfc3339(Date.now() - hour)
    return namespace.patch(secrets, 'ca-ca-2', {
      metadata: { annotations: { [annotations.activatedAt]: activatedAt } },
    })
  },
  isDone: async ({ namespace }) => (await namespace.authority('ca')).status?.generations?.[0]?.state === 'Retired',
  writes: ['patch secrets ca-ca-1', 'patch authorities/status ca', 'patch configmaps ca-ca', 'create events ca'],
  isOfTheMoment: true,
}

const root = testCa({ notBefore: Math.floor(Date.now() / second) * second - day })

/** Has the request in the status signed. */
async function answer(namespace: Namespace): Promise<void> {
  const { status } = await namespace.authority('ca')
  const { certificate, key } = await root
  const { publicKey } = parseCsr(status?.request?.csr ?? '')
  const notBefore = Math.floor(Date.now() / second) * second - minute
  const profile = { commonName: 'ca', notBefore, notAfter: notBefore + day }
  const issuer = { signer: keySigner(key), certificate }
  const signed = parseCertificate(await signSubordinate(profile, publicKey, issuer, newSerialNumber()))
  const chain = encodeCertificates([signed, certificate])
  await namespace.patch(authorities, 'ca', { spec: { internal: { external: { chain } } } })
}

/** The CSR is told before the condition is: the visit that makes it says so only the next time. */
const isRequested = ({ status }: Authority): boolean =>
  status?.request !== undefined && findCondition(status.conditions, 'Ready')?.reason === 'CARequested'

/** A CA whose certificate is signed elsewhere. */
const request: Workload = {
  name: 'request for a CA',
  prepare: async () => {},
  begin: ({ namespace }) => namespace.createAuthority('ca', { internal: { external: {} } }),
  isDone: async ({ namespace }) => isRequested(await namespace.authority('ca')),
  writes: ['create secrets ca-ca-request', 'patch authorities/status ca', 'create events ca'],
  isOfTheMoment: true,
}

const answered: Workload = {
  name: 'answer to a request',
  async prepare({ namespace }) {
    await namespace.createAuthority('ca', { internal: { external: {} } })
    await namespace.authorityUntil('ca', isRequested)
  },
  begin: ({ namespace }) => answer(namespace),
  async isDone(stage) {
    const request = await stage.namespace.secret('ca-ca-request').catch(() => undefined)
    return request === undefined && (await isAuthorityReady(stage))
  },
  writes: [
    ...[
      'create secrets ca-ca-1',
      'delete secrets ca-ca-request',
      'patch authorities ca',
      'patch authorities/status ca',
    ],
    ...['create configmaps ca-ca', 'create events ca'],
  ],
  isOfTheMoment: true,
}

/** A certificate of the last root is issued anew below the next one. */
const replacement: Workload = {
  name: 'certificate of the next root',
  async prepare(stage) {
    await readyCertificate(stage)
    await rotate(stage)
    await stage.namespace.authorityUntil('ca', ({ status }) => status?.ca?.generation === 2, 30_000)
    await hasMark(stage.namespace, 2)
  },
  begin: reissue,
  isDone: isIssued(2),
  async holds({ namespace }) {
    assert.equal((await namespace.certificate('web')).status?.caGeneration, 2)
  },
  writes: ['patch secrets web', 'patch certificates/status web', 'create events web'],
}

/** The work of Authorities. */
export const authorityWorkloads = [made, rotation, trust, retirement, request, answered, replacement]
