import type { KeyObject } from 'node:crypto'
import { isFailure, retryable } from '#base'
import {
  type CertificateProfile,
  createProfileCsr,
  keySigner,
  type ParsedCertificate,
  parseCertificates,
  publicKeyOf,
} from '#pki'
import type { EndEntityRequest } from './contract.ts'

/** The request for a certificate of a private key. The key itself stays out of it. */
export function endEntityRequest(id: string, profile: CertificateProfile, key: KeyObject): EndEntityRequest {
  return { id, profile, publicKey: publicKeyOf(key), csr: () => createProfileCsr(profile, keySigner(key)) }
}

/**
 * The certificates of a PEM text that an authority has sent.
 * @throws Failure Retryable `InvalidAnswer` when they are none: another answer may be a right one
 */
export function readCertificates(pem: string): readonly ParsedCertificate[] {
  try {
    return parseCertificates(pem)
  } catch (error) {
    if (!isFailure(error)) throw error
    throw retryable('InvalidAnswer', `what the authority sent is no certificate: ${error.message}`, { cause: error })
  }
}
