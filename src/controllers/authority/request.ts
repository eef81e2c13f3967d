import { type Authority, annotations, type InternalSpec } from '#api'
import { fromKey, isFailure, keyOf, toRfc3339 } from '#base'
import { ifFound, resources } from '#kube'
import {
  acceptCaChain,
  type Bundle,
  createCsr,
  encodePrivateKey,
  keySigner,
  nameConstraintsExtension,
  parseCertificates,
  parseCsr,
  parsePrivateKey,
  sameKey,
} from '#pki'
import { type CaPlan, caRequestSecretName, type RequestView, whyInTheWay } from '#plan'
import { createSecret, readSecret, secretFiles } from '../own-secret.ts'
import type { ActTools, ObserveTools } from './visit.ts'

/** A CA's key whose certificate is signed elsewhere: what its Secret holds. */
interface RequestFiles {
  readonly 'tls.key': string
  /** PEM of the certification request (PKCS #10). */
  readonly 'tls.csr': string
}

/** What is known of the key, and of the chain that has come for it. */
export async function observeRequest(
  authority: Authority,
  secretKey: string,
  { tools, memory, signal }: ObserveTools,
): Promise<RequestView> {
  const { internal = {} } = authority.spec
  if (!internal.external) return { state: 'none' }
  const secret = await readSecret(tools.client, fromKey(secretKey), signal)
  memory.settle(secretKey, secretKey, secret?.metadata)
  if (!secret) return { state: 'none' }
  const { metadata } = secret
  const { annotations: said = {} } = metadata
  if (said[annotations.authority] !== authority.metadata.name) {
    return { state: 'foreign', why: whyInTheWay(metadata, 'a CA key of this Authority') }
  }
  const { 'tls.csr': csr = '', 'tls.key': key = '' } = secretFiles(secret)
  const generation = Number(said[annotations.caGeneration])
  const flaw = flawOf(() => {
    const isSame = sameKey(parsePrivateKey(key), parseCsr(csr).publicKey)
    return isSame ? undefined : 'tls.key is not the key of tls.csr'
  })
  if (flaw !== undefined) return { state: 'damaged', why: flaw }
  const { chain } = internal.external
  const isAnswered = chain !== undefined && chain !== '' && !isChainInUse(chain, authority)
  if (!isAnswered) return { state: 'made', metadata, generation, csr, answer: undefined }
  const why = flawOf(() => void acceptedChain(csr, internal, tools.clock.now()))
  return {
    state: 'made',
    metadata,
    generation,
    csr,
    answer: why === undefined ? { state: 'accepted' } : { state: 'refused', why },
  }
}

/** The chain of the last generation stays in the spec until the next one has come. */
function isChainInUse(chain: string, { status }: Authority): boolean {
  const isKnown = ({ fingerprint }: { readonly fingerprint: string }): boolean =>
    status?.generations?.some((each) => each.fingerprint === fingerprint) === true
  return flawOf(() => (parseCertificates(chain).slice(0, 1).some(isKnown) ? 'in use' : undefined)) === 'in use'
}

/** Why a check fails, if it does. */
function flawOf(check: () => string | undefined): string | undefined {
  try {
    return check()
  } catch (error) {
    if (isFailure(error)) return error.message
    throw error
  }
}

/** @throws PkiError CertificateRejected when the chain in the spec is not what the request asked for */
function acceptedChain(csr: string, spec: InternalSpec, at: number): Omit<Bundle, 'key'> {
  const { publicKey, subjectDer } = parseCsr(csr)
  const { pathLength, nameConstraints, external } = spec
  return acceptCaChain({ publicKey, subjectDer, pathLength, nameConstraints, at }, external?.chain ?? '')
}

/** Makes the key and writes it with its certification request. */
export async function makeRequest(
  { generation, key: keySpec, profile }: Extract<CaPlan, { do: 'request' }>,
  authority: Authority,
  { tools, memory, makeKey, signal }: ActTools,
): Promise<RequestView> {
  const key = await makeKey(keySpec, signal)
  const { commonName, subject, pathLength, nameConstraints } = profile
  const extensions = nameConstraintsExtension(nameConstraints)
  const csr = await createCsr(
    { subject: { ...subject, commonName }, isCA: true, pathLength, extensions },
    keySigner(key),
  )
  const name = { namespace: authority.metadata.namespace ?? '', name: caRequestSecretName(authority) }
  const content: RequestFiles = { 'tls.key': encodePrivateKey(key, 'PKCS8'), 'tls.csr': csr }
  const own = {
    content: 'ca-request',
    type: 'Opaque',
    annotations: {
      [annotations.authority]: authority.metadata.name,
      [annotations.caGeneration]: String(generation),
      [annotations.issuedAt]: toRfc3339(tools.clock.now()),
    },
    files: { ...content },
  } as const
  try {
    const { metadata } = await createSecret(tools.client, name, own, { immutable: true, signal })
    memory.secrets.note(keyOf(name), metadata.resourceVersion)
    return { state: 'made', metadata, generation, csr, answer: undefined }
  } catch (error) {
    memory.doubt(keyOf(name))
    throw error
  }
}

/** The CA of a request that has been answered. */
export async function answeredCa(authority: Authority, { tools, signal }: ActTools): Promise<Bundle> {
  const name = { namespace: authority.metadata.namespace ?? '', name: caRequestSecretName(authority) }
  const secret = await readSecret(tools.client, name, signal)
  const { 'tls.csr': csr = '', 'tls.key': key = '' } = secret ? secretFiles(secret) : {}
  return { key: parsePrivateKey(key), ...acceptedChain(csr, authority.spec.internal ?? {}, tools.clock.now()) }
}

/**
 * Removes the request once its key is that of a generation.
 * @throws ApiError, a conflict among them: it is not the request that was observed
 */
export async function discardRequest(
  { metadata }: Extract<RequestView, { state: 'made' }>,
  { tools, memory, signal }: ActTools,
): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = metadata
  const key = { namespace, name }
  await ifFound(tools.client.delete(resources.secrets, key, { uid, resourceVersion, signal }))
  memory.secrets.forget(keyOf(key))
}
