import { isFailure, retryable, terminal } from '#base'
import {
  type Bundle,
  type IssuerIdentity,
  keySigner,
  nameConstraintViolations,
  newSerialNumber,
  normalizeNames,
  type ParsedCertificate,
  parseBundle,
  parseCertificate,
  revocationReasons,
  type SubjectNames,
  signCertificate,
  signCrl,
  signSubordinate,
  verifyChain,
} from '#pki'
import type { CaChain, Issuer, IssuerDescription, IssuerPlugin, IssuerTools } from '../contract.ts'
import { type InternalOptions, internalOptions } from './options.ts'

/** The CA that Sifaka runs itself: its key is in a Secret of the Authority's namespace. */
export const internalIssuer: IssuerPlugin = {
  type: 'internal',
  create: (options, tools) => createInternalIssuer(checkedOptions(options), tools),
}

function checkedOptions(options: unknown): InternalOptions {
  const { data, error } = internalOptions.safeParse(options)
  if (data) return data
  const [issue] = error.issues
  throw terminal('InvalidOptions', `options of the internal issuer: ${issue?.path.join('.')}: ${issue?.message}`)
}

const noOrders = 'it signs at once, so no order is ever pending'

const description: IssuerDescription = {
  isLocal: true,
  decides: [],
  unsupported: {
    pending: noOrders,
    cancel: noOrders,
    deactivate: 'nobody counts the certificates of a CA of our own: each is in use until it expires or is revoked',
  },
  revocationReasons: Object.keys(revocationReasons) as (keyof typeof revocationReasons)[],
}

/** A CA that is ready to sign: what signs, what goes with each certificate, and what constrains it. */
interface OpenCa {
  readonly identity: IssuerIdentity
  readonly chain: CaChain
  /** All CAs from the one that signs up to the root. */
  readonly path: readonly ParsedCertificate[]
}

const noNames: SubjectNames = normalizeNames({})

function createInternalIssuer({ secretName, links }: InternalOptions, tools: IssuerTools): Issuer {
  let opened: Promise<OpenCa> | undefined
  const read = async (): Promise<OpenCa> => openCa(secretName, await tools.readSecret(secretName))
  /** The CA is opened once; a failure is not remembered, so the next request looks again. */
  const open = async (signal: AbortSignal): Promise<OpenCa> => {
    signal.throwIfAborted()
    opened ??= read().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    const ca = await opened
    signal.throwIfAborted()
    return ca
  }
  return {
    describe: () => description,
    async issue({ profile, publicKey }, signal) {
      const { identity, chain, path } = await open(signal)
      // The name of a CA is no host's.
      checkConstraints(profile.names, profile.ca ? undefined : profile.commonName, path)
      const der = await signCertificate({ ...profile, links }, publicKey, identity, newSerialNumber())
      return { state: 'issued', certificate: parseCertificate(der), ...chain }
    },
    poll: async () => refuse('pending'),
    cancel: async () => refuse('cancel'),
    /** There is nobody to tell: the next list names it. */
    async revoke(_, signal) {
      signal.throwIfAborted()
    },
    caChain: async (signal) => (await open(signal)).chain,
    async signSubordinate({ profile, publicKey }, signal) {
      const { identity, chain, path } = await open(signal)
      // Its name is no host's, and is held against nothing; but constraints of an unknown kind may concern it.
      checkConstraints(noNames, undefined, path)
      const der = await signSubordinate({ ...profile, links }, publicKey, identity, newSerialNumber())
      return { certificate: parseCertificate(der), ...chain }
    },
    async signCrl(request, signal) {
      const { identity } = await open(signal)
      return signCrl({ ...request, issuer: identity })
    },
  }
}

function refuse(feature: 'pending' | 'cancel'): never {
  throw terminal('Unsupported', `${feature}: ${noOrders}`)
}

/**
 * What a CA signs against the name constraints of its chain would be refused by every client.
 * @throws Failure Terminal `NameConstraintsViolated` with every violation
 */
function checkConstraints(
  names: SubjectNames,
  commonName: string | undefined,
  path: readonly ParsedCertificate[],
): void {
  const violations = nameConstraintViolations(names, commonName, path)
  if (violations.length > 0) throw terminal('NameConstraintsViolated', violations.join('; '))
}

/**
 * @throws Failure Retryable `CAKeyDamaged`: nothing is wrong with what is asked for, and the Secret may be restored
 */
function openCa(secretName: string, files: Readonly<Record<string, string>>): OpenCa {
  try {
    const bundle = parseBundle(files)
    const identity = { signer: keySigner(bundle.key), certificate: bundle.certificate }
    return { identity, chain: chainBelow(bundle), path: pathOf(bundle) }
  } catch (error) {
    if (!isFailure(error)) throw error
    const message = `Secret ${secretName} with the CA key cannot be used: ${error.message}. Restore it from a backup`
    throw retryable('CAKeyDamaged', message, { cause: error })
  }
}

/** What has expired since is still on the path. */
function pathOf({ certificate: leaf, intermediates, roots }: Bundle): readonly ParsedCertificate[] {
  const at = Math.max(...[leaf, ...intermediates, ...roots].map(({ notBefore }) => notBefore))
  return verifyChain({ leaf, intermediates, roots, at })
}

/** A root is not repeated among the intermediates: whoever trusts it has it. */
function chainBelow({ certificate, intermediates, roots }: Bundle): CaChain {
  const isRoot = roots.some((root) => root.fingerprint === certificate.fingerprint)
  return { intermediates: isRoot ? [] : [certificate, ...intermediates], roots }
}
