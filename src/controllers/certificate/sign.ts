import type { KeyObject } from 'node:crypto'
import { isFailure, retryable, terminal } from '#base'
import { type EndEntityRequest, endEntityRequest, type Issuer, refusals } from '#issuers'
import { accept, type CertificateProfile, encodeCertificates, keySatisfies, parsePrivateKey } from '#pki'
import { type CertificateWorld, type IssuePlan, secretNameOf } from '#plan'
import { readSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'
import type { Signed } from './signed.ts'
import type { ActTools } from './visit.ts'

/** A key to certify. */
interface ChosenKey {
  /** Undefined where it is kept elsewhere. */
  readonly key: KeyObject | undefined
  /** It is the one in the Secret. */
  readonly isKept: boolean
}

/** Has the certificate signed by an issuer of this process, and lets it through only if it is what was asked for. */
export async function signAtOnce(
  plan: IssuePlan,
  world: CertificateWorld,
  issuer: Issuer,
  on: ActTools,
): Promise<Signed> {
  const { key } = await chooseKey(plan, world, on)
  const request = requestFor(`${plan.id ?? world.certificate.metadata.uid}-${plan.revision}`, plan, world, key)
  const answer = await issuer.issue(request, on.signal)
  if (answer.state === 'pending') throw retryable('InvalidAnswer', 'an issuer of this process cannot take its time')
  return letThrough({ issued: answer, request, key }, world, issuer, on.tools)
}

/** What is handed to the issuer. */
export function requestFor(
  id: string,
  plan: IssuePlan,
  { certificate }: CertificateWorld,
  key: KeyObject | undefined,
): EndEntityRequest {
  const profile = profileOf(plan)
  const { publicKey } = plan.request
  if (key) return endEntityRequest(id, profile, key)
  if (!publicKey) throw terminal('InvalidRequest', 'there is no key to certify')
  return { id, profile, publicKey, csr: async () => certificate.spec.csr ?? '' }
}

function profileOf({ request, notBefore, notAfter }: IssuePlan): CertificateProfile {
  const { commonName, literalSubject, names, usages, mustStaple, customExtensions, ca } = request
  const subject = literalSubject === undefined ? request.subject : undefined
  return { commonName, subject, literalSubject, names, usages, mustStaple, customExtensions, ca, notBefore, notAfter }
}

/** What an issuer cannot do is refused before anything is sent, never left out in silence. */
export function checkSupported(issuer: Issuer, plan: IssuePlan): void {
  const { request, authorityKey } = plan
  const missing = refusals(issuer.describe(), { keyAlgorithm: request.key.algorithm, profile: profileOf(plan) })
  if (missing.length > 0) throw terminal('Unsupported', `Authority ${authorityKey} cannot: ${missing.join('; ')}`)
}

/** What an issuer sends is foreign: a certificate that is refused may be a right one the next time. */
export function letThrough(
  { issued, request, key }: Pick<Signed, 'issued' | 'key'> & { readonly request: EndEntityRequest },
  { authority }: CertificateWorld,
  issuer: Issuer,
  { clock }: ControllerTools,
): Signed {
  const { profile, publicKey } = request
  const { roots, intermediates, certificate } = issued
  const { decides } = issuer.describe()
  try {
    const expected = { profile, publicKey, roots, intermediates, at: clock.now(), issuerDecides: decides }
    const decided = accept(expected, certificate).map(({ message }) => message)
    return { key, issued, decided, caBundle: authority?.caBundle ?? encodeCertificates(roots) }
  } catch (error) {
    if (!isFailure(error)) throw error
    throw retryable('CertificateRejected', `the authority sent a certificate that is not accepted: ${error.message}`)
  }
}

/** The key in the Secret where it is to be kept and still fits, else a new one; none where it is kept elsewhere. */
export async function chooseKey(plan: IssuePlan, world: CertificateWorld, on: ActTools): Promise<ChosenKey> {
  const { request, replaces, needsNewKey } = plan
  if (request.publicKey) return { key: undefined, isKept: false }
  if (request.keepKey && replaces && !needsNewKey) {
    const kept = await keptKey(world, on)
    if (kept && keySatisfies(kept, request.key)) return { key: kept, isKept: true }
  }
  return { key: await on.makeKey(request.key, on.signal), isKept: false }
}

async function keptKey({ certificate }: CertificateWorld, { tools, signal }: ActTools): Promise<KeyObject | undefined> {
  const key = { namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) }
  const secret = await readSecret(tools.client, key, signal)
  const pem = secret && secretFiles(secret)['tls.key']
  try {
    return pem === undefined ? undefined : parsePrivateKey(pem)
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}
