import type { KeyObject } from 'node:crypto'
import type { Authority, AuthorityStatus, ConfigMap, KubeObject } from '#api'
import { day, fromRfc3339, keyOf, parseDuration, retryable, terminal } from '#base'
import type { Issuer } from '#issuers'
import { ApiError, ifFound, resources, storeKeyOf } from '#kube'
import { type ParsedCrl, parseCrl } from '#pki'
import {
  type Cause,
  type CrlPlan,
  type CrlView,
  type CrlWorld,
  caSecretName,
  crlName,
  issuerOf,
  ofGeneration,
  planCrl,
  type RegisterEntry,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { behindMs, type ControllerTools } from '../tools.ts'
import { type CrlReader, crlConfigMap, crlData, crlView, isCrlOf } from './config-map.ts'
import type { CrlMemories, CrlMemory } from './memory.ts'

/** What a visit to one Authority works with. */
export interface PublishTools {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly memories: CrlMemories
  readonly reader: CrlReader
  readonly signal: AbortSignal
}

/** One generation of a CA. */
export interface CrlSubject {
  readonly authority: Authority
  readonly generation: NonNullable<AuthorityStatus['generations']>[number]
  /** Its unexpired certificates that are revoked. */
  readonly revoked: readonly RegisterEntry[]
}

/** What came of it: when to look again, and what stands in the way. */
export interface Published {
  readonly againInMs: number
  readonly flaw?: Cause
}

type SignPlan = Extract<CrlPlan, { do: 'sign' }>

const defaultValidityMs = 7 * day

/**
 * Keeps the CRL of one generation published.
 * @throws Failure when the CA cannot be opened or does not sign; ApiError
 */
export async function publishCrl(subject: CrlSubject, on: PublishTools): Promise<Published> {
  const { clock, caches } = on.tools
  const key = keyOf(configMapKey(subject))
  if (on.memories.writes.isBehind(key, caches.crls.get(key)?.metadata.resourceVersion)) return { againInMs: behindMs }
  const memory = on.memories.of(storeKeyOf(subject.authority), subject.generation.generation)
  const configMap = await findConfigMap(subject, memory, on)
  const ca = await openCa(subject, memory, on)
  const published = viewOf(configMap, ca.publicKey, subject, on.reader)
  const plan = planCrl(worldOf(published, subject, memory, clock.monotonicMs()), clock.now())
  if (published.state === 'held') noteNumber(memory, published.held.number)
  if (plan.do !== 'sign') return plan
  // Before it is signed: whatever becomes of it, its number is used.
  noteNumber(memory, plan.number)
  memory.signedAtMs = clock.monotonicMs()
  const written = await signAndWrite(plan, ca, configMap, subject, on)
  if (written === undefined) {
    memory.isInTheWay = true
    return { againInMs: 0 }
  }
  on.memories.writes.note(key, written.metadata.resourceVersion)
  return { againInMs: behindMs }
}

function worldOf(published: CrlView, subject: CrlSubject, memory: CrlMemory, atMs: number): CrlWorld {
  const { highestNumber, signedAtMs } = memory
  const { validity } = subject.authority.spec.internal?.crl ?? {}
  return {
    published,
    revoked: subject.revoked,
    url: urlOf(subject)?.href,
    validityMs: validity === undefined ? defaultValidityMs : parseDuration(validity),
    highestNumber,
    signedAgoMs: signedAtMs === undefined ? undefined : atMs - signedAtMs,
  }
}

function noteNumber(memory: CrlMemory, number: bigint): void {
  if (number > memory.highestNumber) memory.highestNumber = number
}

const configMapKey = ({ authority, generation }: CrlSubject) => ({
  namespace: authority.metadata.namespace ?? '',
  name: crlName(authority, generation.generation),
})

/** The ConfigMap with the name of the CRL. One without our label is not in the cache. */
async function findConfigMap(
  subject: CrlSubject,
  memory: CrlMemory,
  { tools, signal }: PublishTools,
): Promise<ConfigMap | undefined> {
  const key = configMapKey(subject)
  const cached = tools.caches.crls.get(keyOf(key))
  if (cached || !memory.isInTheWay) return cached
  const read = await ifFound(tools.client.get<ConfigMap>(resources.configMaps, key, { signal }))
  memory.isInTheWay = read !== undefined
  return read
}

interface OpenCa {
  readonly issuer: Issuer
  readonly publicKey: KeyObject
}

/** The issuer of the generation, and its public key: that of the certificate which the status tells of. */
async function openCa({ authority, generation }: CrlSubject, memory: CrlMemory, on: PublishTools): Promise<OpenCa> {
  const { fingerprint } = generation
  const issuer = on.directory.openIssuer(authority, issuerOf(authority, generation.generation))
  if (memory.ca?.fingerprint === fingerprint) return { issuer, publicKey: memory.ca.publicKey }
  const { intermediates, roots } = await issuer.caChain(on.signal)
  const found = [...intermediates, ...roots].find((each) => each.fingerprint === fingerprint)
  if (!found) {
    const name = caSecretName(authority, generation.generation)
    throw retryable('CAKeyDamaged', `Secret ${name} does not hold the CA certificate that status.generations names`)
  }
  memory.ca = { fingerprint, publicKey: found.publicKey }
  return { issuer, publicKey: found.publicKey }
}

function viewOf(
  configMap: ConfigMap | undefined,
  publicKey: KeyObject,
  subject: CrlSubject,
  reader: CrlReader,
): CrlView {
  const { authority, generation } = subject
  if (!configMap) return { state: 'absent' }
  if (isCrlOf(authority, generation.generation, configMap)) {
    return crlView(reader.read(configMap), publicKey, fromRfc3339(generation.notAfter) ?? Number.POSITIVE_INFINITY)
  }
  const { name } = configMap.metadata
  const why = `ConfigMap ${name} was not made for the CRL of generation ${generation.generation}: delete it`
  return { state: 'foreign', why }
}

/** @throws Failure Terminal `InvalidRequest` when the spec names none that can be written */
function urlOf({ authority, generation }: CrlSubject): URL | undefined {
  const pattern = authority.spec.internal?.crl?.url
  if (pattern === undefined) return undefined
  const text = ofGeneration(pattern, generation.generation)
  if (URL.canParse(text)) return new URL(text)
  throw terminal('InvalidRequest', `spec.internal.crl.url: ${text} is not a URL`)
}

/** The ConfigMap as it is then; undefined when there is one of its name. */
async function signAndWrite(
  plan: SignPlan,
  ca: OpenCa,
  configMap: ConfigMap | undefined,
  subject: CrlSubject,
  on: PublishTools,
): Promise<KubeObject | undefined> {
  const { number, thisUpdate, nextUpdate, entries } = plan
  const distributionPoint = urlOf(subject)
  const request = { crlNumber: number, thisUpdate, nextUpdate, revoked: entries, distributionPoint }
  const der = await ca.issuer.signCrl?.(request, on.signal)
  if (der === undefined) throw terminal('Unsupported', 'the issuer signs no CRLs')
  const crl = checkedCrl(der, ca)
  const binaryData = crlData(der, crl, entries)
  const key = keyOf(configMapKey(subject))
  on.reader.note(key, binaryData, crl)
  const written = await write(binaryData, configMap, subject, on)
  const said = { configMap: key, number: String(number), entries: entries.length, why: plan.why }
  if (written) on.tools.logger.info(said, 'a CRL is published')
  return written
}

/** The Secret may have changed since its certificate was looked at. */
function checkedCrl(der: Uint8Array, { publicKey }: OpenCa): ParsedCrl {
  const crl = parseCrl(der)
  if (crl.isSignedBy(publicKey)) return crl
  throw retryable('CAKeyDamaged', 'the CA signs with another key than that of its certificate')
}

async function write(
  binaryData: Readonly<Record<string, string>>,
  configMap: ConfigMap | undefined,
  subject: CrlSubject,
  { tools: { client }, signal }: PublishTools,
): Promise<KubeObject | undefined> {
  const key = configMapKey(subject)
  const options = { metadataOnly: true, signal }
  if (configMap) {
    const { uid, resourceVersion } = configMap.metadata
    const patch = { metadata: { uid, resourceVersion }, binaryData }
    return client.mergePatch<KubeObject>(resources.configMaps, key, patch, options)
  }
  try {
    const { generation } = subject.generation
    return await client.create<KubeObject>(
      resources.configMaps,
      crlConfigMap(subject.authority, generation, binaryData),
      options,
    )
  } catch (error) {
    if (error instanceof ApiError && error.apiReason === 'AlreadyExists') return undefined
    throw error
  }
}
