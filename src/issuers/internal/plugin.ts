import { isFailure, retryable } from '#base'
import {
  type Bundle,
  type IssuerIdentity,
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

/** A CA that is ready to sign: what signs, and what goes with each certificate. */
interface OpenCa {
  readonly identity: IssuerIdentity
  readonly chain: Pick<IssuedCertificate, 'intermediates' | 'roots'>
}

function createInternalIssuer(secretName: string, tools: IssuerTools): Issuer {
  let opened: Promise<OpenCa> | undefined
  const read = async (): Promise<OpenCa> => openCa(secretName, await tools.readSecret(secretName))
  /** The CA is opened once; a failure is not remembered, so the next request looks again. */
  const open = (): Promise<OpenCa> => {
    opened ??= read().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    async issue({ profile, publicKey }, signal) {
      const { identity, chain } = await open()
      signal.throwIfAborted()
      const der = await signEndEntity(profile, publicKey, identity, newSerialNumber())
      return { certificate: parseCertificate(der), ...chain }
    },
    async signSubordinate({ profile, publicKey }, signal) {
      const { identity, chain } = await open()
      signal.throwIfAborted()
      const der = await signSubordinate(profile, publicKey, identity, newSerialNumber())
      return { certificate: parseCertificate(der), ...chain }
    },
  }
}

/**
 * @throws Failure Retryable `CAKeyDamaged`: nothing is wrong with what is asked for, and the Secret may be restored
 */
function openCa(secretName: string, files: Readonly<Record<string, string>>): OpenCa {
  try {
    const bundle = parseBundle(files)
    const identity = { signer: keySigner(bundle.key), certificate: bundle.certificate }
    return { identity, chain: chainBelow(bundle) }
  } catch (error) {
    if (!isFailure(error)) throw error
    const message = `Secret ${secretName} with the CA key cannot be used: ${error.message}. Restore it from a backup`
    throw retryable('CAKeyDamaged', message, { cause: error })
  }
}

/** A root is not repeated among the intermediates: whoever trusts it has it. */
function chainBelow({ certificate, intermediates, roots }: Bundle): OpenCa['chain'] {
  const isRoot = roots.some((root) => root.fingerprint === certificate.fingerprint)
  return { intermediates: isRoot ? [] : [certificate, ...intermediates], roots }
}
