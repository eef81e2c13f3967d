import { apiVersion, type Certificate, type CertificateSpec, type CertificateStatus, type ObjectMeta } from '#api'

/** What a test says about a Certificate; all else is filled in. */
export interface CertificateParts {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec?: Partial<CertificateSpec>
  readonly status?: CertificateStatus | undefined
}

/** Certificate `shop/web` for www.example.com, of the Authority `shop/ca`, generation 1, never issued. */
export function certificate({ metadata, spec, status }: CertificateParts = {}): Certificate {
  return {
    apiVersion,
    kind: 'Certificate',
    metadata: { namespace: 'shop', name: 'web', uid: 'uid-web', resourceVersion: '100', generation: 1, ...metadata },
    spec: { authorityRef: { name: 'ca' }, dnsNames: ['www.example.com'], ...spec },
    ...(status && { status }),
  }
}
