import type { Authority } from '#api'
import { fromKey, isFailure } from '#base'
import { hasIssued, type ParsedCertificate, parseBundle, parseChain, parseCsr, sameKey } from '#pki'
import { caSecretName, issuerOf, type Registered, secretNameOf } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { readSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'
import type { Prove } from './proof.ts'

type ProveTools = Pick<ControllerTools, 'client' | 'caches'>

/**
 * Holds a line that a Secret and a status tell of against the certificate itself. Whoever may write the Secret can
 * write all that is said of it, but has no certificate that the Authority has signed and whose key is beside it.
 */
export const createProve =
  (tools: ProveTools, directory: AuthorityDirectory): Prove =>
  async (line, signal) => {
    if (isEarlier(line, tools)) return line
    const authority = tools.caches.authorities.get(line.authority)
    const place = placeOf(line, tools)
    const secret = authority && place && (await readSecret(tools.client, place.secret, signal))
    if (!secret) return undefined
    try {
      const certificate = certificateIn(secretFiles(secret), place.csr)
      const ca = await caOf(authority, line.generation, directory, signal)
      if (certificate.fingerprint !== line.fingerprint || !ca || !hasIssued(ca, certificate)) return undefined
      return { ...line, serialNumber: certificate.serialNumber, notAfter: certificate.notAfter }
    } catch (error) {
      if (isFailure(error)) return undefined
      throw error
    }
  }

/** An earlier certificate is in the status only if the register had it when it was replaced. */
function isEarlier({ kind, holder, fingerprint, authority }: Registered, { caches }: ProveTools): boolean {
  const { earlierRevisions = [] } = (kind === 'Certificate' && caches.certificates.get(holder)?.status) || {}
  return earlierRevisions.some((each) => each.fingerprint === fingerprint && each.issuedBy === authority)
}

/** Where the certificate of a line is, and the request whose key it is for, if that is kept elsewhere. */
function placeOf({ kind, holder, revision }: Registered, { caches }: ProveTools) {
  const { namespace } = fromKey(holder)
  if (kind === 'Authority') {
    const subordinate = caches.authorities.get(holder)
    return subordinate && { secret: { namespace, name: caSecretName(subordinate, revision) }, csr: undefined }
  }
  const certificate = caches.certificates.get(holder)
  return certificate && { secret: { namespace, name: secretNameOf(certificate) }, csr: certificate.spec.csr }
}

/** @throws PkiError when there is none, or its key is not there */
function certificateIn(files: Readonly<Record<string, string>>, csr: string | undefined): ParsedCertificate {
  if (csr === undefined) return parseBundle(files).certificate
  const { certificate } = parseChain(files)
  const isItsKey = sameKey(parseCsr(csr).publicKey, certificate.publicKey)
  return isItsKey ? certificate : parseBundle(files).certificate
}

/** The certificate of one generation of an Authority's CA. */
async function caOf(
  authority: Authority,
  generation: number,
  directory: AuthorityDirectory,
  signal: AbortSignal,
): Promise<ParsedCertificate | undefined> {
  const issuer = directory.openIssuer(authority, issuerOf(authority, generation))
  const { intermediates, roots } = await issuer.caChain(signal)
  return intermediates[0] ?? roots[0]
}
