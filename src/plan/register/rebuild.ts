import {
  type Authority,
  annotations,
  type Certificate,
  type CertificateStatus,
  isTrue,
  type ObjectMeta,
  secretLabel,
} from '#api'
import { fromRfc3339, keyOf } from '#base'
import { caSecretName } from '../authority/names.ts'
import type { EarlierRevision } from '../certificate/world.ts'
import type { Registered } from './search.ts'

/**
 * What the annotations of a Secret say was issued into it, or undefined when they do not say it all. Whoever may write
 * to the Secret can write them: it is true only as far as a status confirms it.
 */
export function entryOfSecret({ namespace = '', labels, annotations: said = {} }: ObjectMeta): Registered | undefined {
  const kind = labels?.[secretLabel] === 'ca' ? 'Authority' : 'Certificate'
  const isCa = kind === 'Authority'
  const name = said[isCa ? annotations.authority : annotations.certificate]
  const authority = said[annotations.issuedBy]
  const serialNumber = said[annotations.serialNumber]
  const fingerprint = said[annotations.fingerprint]
  const generation = wholeNumber(said[isCa ? annotations.parentGeneration : annotations.caGeneration])
  const revision = wholeNumber(said[isCa ? annotations.caGeneration : annotations.revision])
  const issuedAt = fromRfc3339(said[annotations.issuedAt] ?? said[annotations.notBefore])
  const notAfter = fromRfc3339(said[annotations.notAfter])
  if (!name || !authority || !serialNumber || !fingerprint) return undefined
  if (!generation || !revision || issuedAt === undefined || notAfter === undefined) return undefined
  const holder = keyOf({ namespace, name })
  if (isCa && holder === authority) return undefined
  return { authority, serialNumber, fingerprint, generation, kind, holder, revision, names: [], issuedAt, notAfter }
}

const wholeNumber = (text = ''): number | undefined => (/^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined)

/**
 * What the status of a Certificate says was issued for it: nobody but the operator writes that. What is in use is there
 * if its Secret says the same; of earlier ones, those whose CA generation is known. Not bounded in size.
 */
export function entriesOfCertificate(
  { metadata, spec, status = {} }: Certificate,
  secret: ObjectMeta | undefined,
): Registered[] {
  const { serialNumber, fingerprint, caGeneration, earlierRevisions = [] } = status
  const holder = keyOf({ namespace: metadata.namespace ?? '', name: metadata.name })
  const isCurrent = status.observedGeneration === metadata.generation && isTrue(status.conditions, 'Ready')
  const inUse = secret && entryOfSecret(secret)
  const isConfirmed =
    inUse?.holder === holder &&
    inUse.serialNumber === serialNumber &&
    inUse.fingerprint === fingerprint &&
    inUse.generation === caGeneration
  const entries = earlierRevisions.flatMap((earlier) => entryOfEarlier(earlier, holder))
  // The spec says which names are in the certificate only while the certificate is what the spec asks for.
  if (isConfirmed) entries.unshift({ ...inUse, ...(isCurrent && { names: namesOf(spec), owner: spec.owner }) })
  return entries.map((entry) => ({ ...entry, revoked: revokedIn(status, entry.serialNumber) }))
}

function entryOfEarlier(
  { issuedBy, serialNumber, fingerprint, revision, caGeneration, ...times }: EarlierRevision,
  holder: string,
): Registered[] {
  const issuedAt = fromRfc3339(times.issuedAt)
  const notAfter = fromRfc3339(times.notAfter)
  if (caGeneration === undefined || issuedAt === undefined || notAfter === undefined) return []
  const identity = { authority: issuedBy, generation: caGeneration, serialNumber }
  return [{ ...identity, fingerprint, kind: 'Certificate', holder, revision, names: [], issuedAt, notAfter }]
}

function revokedIn({ revocations = [] }: CertificateStatus, serialNumber: string): Registered['revoked'] {
  const found = revocations.find((revocation) => revocation.serialNumber === serialNumber)
  const at = fromRfc3339(found?.revokedAt)
  return found && at !== undefined ? { at, reason: found.reason } : undefined
}

function namesOf(spec: Certificate['spec']) {
  const { commonName, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = spec
  const { literalSubject, otherNames = [], registeredIDs = [] } = spec
  const subject = commonName ?? literalSubject
  const others = [...otherNames.map(({ oid, utf8Value }) => `${oid}=${utf8Value}`), ...registeredIDs]
  const all = [...dnsNames, ...ipAddresses, ...uris, ...emailAddresses, ...others]
  return [...new Set([...(subject ? [subject] : []), ...all])]
}

/** The CA certificates of a subordinate: those that its status knows and that their Secrets tell of. Not bounded. */
export function entriesOfAuthority(
  authority: Authority,
  secretNamed: (name: string) => ObjectMeta | undefined,
): Registered[] {
  const { metadata, status = {} } = authority
  const holder = keyOf({ namespace: metadata.namespace ?? '', name: metadata.name })
  const { ca, generations = [] } = status
  const fingerprints = new Map(generations.map(({ generation, fingerprint }) => [generation, fingerprint]))
  if (ca) fingerprints.set(ca.generation, ca.fingerprint)
  return [...fingerprints].flatMap(([generation, fingerprint]) => {
    const secret = secretNamed(caSecretName(authority, generation))
    const said = secret && entryOfSecret(secret)
    if (said?.kind !== 'Authority' || said.holder !== holder || said.fingerprint !== fingerprint) return []
    return [{ ...said, names: ca?.fingerprint === fingerprint ? [ca.subject] : [] }]
  })
}
