/** Reasons of the Ready condition and of events: all of them, so that each word is used with one meaning. */
export type Reason =
  // Certificate
  | 'Issued'
  | 'RequestChanged'
  | 'AuthorityChanged'
  | 'RenewalDue'
  | 'AuthorityNotFound'
  | 'AuthorityNotReady'
  | 'PolicyDenied'
  | 'InvalidRequest'
  | 'SecretNotOurs'
  | 'SecretMissing'
  | 'SecretDamaged'
  | 'Expired'
  | 'CertificateRejected'
  // Authority
  | 'CAReady'
  | 'CACreated'
  | 'CAKeyMissing'
  | 'CAKeyDamaged'
  | 'CAExpired'
  | 'ParentNotFound'
  | 'ParentNotReady'
  | 'ParentCycle'
  // any kind
  | 'KubernetesRefused'
  | 'InternalError'
