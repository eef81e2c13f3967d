/** Where verifiers find more about the issuer: absolute URLs, written in their order. */
export interface IssuerLinks {
  /** The CRL that would list the certificate (RFC 5280 section 4.2.1.13); each URL is a distribution point. */
  readonly crlURLs?: readonly string[] | undefined
  /** The certificate of the issuer (RFC 5280 section 4.2.2.1, caIssuers). */
  readonly issuerURLs?: readonly string[] | undefined
  /** OCSP responders (RFC 5280 section 4.2.2.1, ocsp). */
  readonly ocspURLs?: readonly string[] | undefined
}
