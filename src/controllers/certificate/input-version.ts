import type { CertificateWorld } from '#plan'

/**
 * Of what an attempt is made: another one has another spec, or an Authority with another spec or another CA, and what
 * failed before may succeed.
 */
export const inputVersion = ({ certificate, authority }: Pick<CertificateWorld, 'certificate' | 'authority'>): string =>
  `${certificate.metadata.uid}/${certificate.metadata.generation}/${authority?.version}`
