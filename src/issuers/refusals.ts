import type { CertificateProfile, KeyAlgorithm, RevocationReason } from '#pki'
import type { IssuerDescription, IssuerFeature } from './contract.ts'

/** What of a request decides whether an issuer can serve it. */
export interface WantedCertificate {
  readonly keyAlgorithm: KeyAlgorithm
  readonly profile: Omit<CertificateProfile, 'notBefore' | 'notAfter' | 'links'>
}

/**
 * What a request needs and the issuer has not, one line each with the issuer's own reason. Unless it is empty nothing
 * is sent: a feature that is dropped in silence would be a certificate that nobody asked for.
 */
export function refusals({ unsupported }: IssuerDescription, wanted: WantedCertificate): string[] {
  return neededFeatures(wanted).flatMap((feature) => {
    const why = unsupported[feature]
    return why === undefined ? [] : [`${feature}: ${why}`]
  })
}

function neededFeatures({ keyAlgorithm, profile }: WantedCertificate): IssuerFeature[] {
  const {
    commonName,
    subject = {},
    literalSubject,
    names,
    usages,
    mustStaple = false,
    customExtensions = [],
    ca,
  } = profile
  const isWildcard = (name: string): boolean => name.startsWith('*.')
  const needs: readonly [feature: IssuerFeature, isNeeded: boolean][] = [
    ['dnsNames', names.dnsNames.some((name) => !isWildcard(name))],
    ['wildcards', names.dnsNames.some(isWildcard)],
    ['ipAddresses', names.ipAddresses.length > 0],
    ['uris', names.uris.length > 0],
    ['emailAddresses', names.emailAddresses.length > 0],
    ['otherNames', names.otherNames.length > 0],
    ['registeredIDs', names.registeredIDs.length > 0],
    ['commonName', commonName !== undefined],
    ['subject', Object.values(subject).some((value) => value !== undefined && value.length > 0)],
    ['literalSubject', literalSubject !== undefined],
    ['mustStaple', mustStaple],
    ['customExtensions', customExtensions.length > 0],
    ['isCA', ca !== undefined],
  ]
  return [keyAlgorithm, ...needs.flatMap(([feature, isNeeded]) => (isNeeded ? [feature] : [])), ...usages]
}

/** The reason that is passed on for a wanted one: the same, or `unspecified` where the issuer does not take it. */
export const passedReason = ({ revocationReasons }: IssuerDescription, wanted: RevocationReason): RevocationReason =>
  revocationReasons.includes(wanted) ? wanted : 'unspecified'
