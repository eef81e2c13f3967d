import {
  type Bundle,
  keySigner,
  newSerialNumber,
  parseBundle,
  parseCertificate,
  signEndEntity,
  signSubordinate,
} from '#pki'
import type { IssuedCertificate, Issuer, IssuerPlugin, IssuerTools } from '../contract.ts'
import { internalOptions } from './options.ts'

/** The CA that Sifaka runs itself: its key is in a Secret of the Authority's namespace. */
export const internalIssuer: IssuerPlugin = {
  type: 'internal',
  create: (options, tools) => createInternalIssuer(internalOptions.parse(options).secretName, tools),
}

function createInternalIssuer(secretName: string, tools: IssuerTools): Issuer {
  let opened: Promise<Bundle> | undefined
  const open = (): Promise<Bundle> => {
    opened ??= tools.readSecret(secretName).then(parseBundle)
    // A failed read is not remembered: the next request looks again.
    opened.catch(() => {
      opened = undefined
    })
    return opened
  }
  return {
    async issue({ profile, publicKey }) {
      const ca = await open()
      return issuedBy(ca, await signEndEntity(profile, publicKey, identity(ca), newSerialNumber()))
    },
    async signSubordinate({ profile, publicKey }) {
      const ca = await open()
      return issuedBy(ca, await signSubordinate(profile, publicKey, identity(ca), newSerialNumber()))
    },
  }
}

const identity = (ca: Bundle) => ({ signer: keySigner(ca.key), certificate: ca.certificate })

/** A root is not repeated among the intermediates: whoever trusts it has it. */
function issuedBy(ca: Bundle, der: Uint8Array): IssuedCertificate {
  const isRoot = ca.roots.some((root) => root.fingerprint === ca.certificate.fingerprint)
  return {
    certificate: parseCertificate(der),
    intermediates: isRoot ? [] : [ca.certificate, ...ca.intermediates],
    roots: ca.roots,
  }
}
