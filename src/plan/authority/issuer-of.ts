import type { Authority } from '#api'
import { caSecretName } from './names.ts'

/** Which issuer signs for an Authority, and what it is to be given. */
export interface IssuerChoice {
  readonly type: string
  /** It comes from a package: its name cannot be that of one of our own. */
  readonly isPackaged: boolean
  readonly options: unknown
}

/**
 * The issuer of an Authority, as its spec says.
 * @param generation the CA key to sign with; default the one in use
 */
export function issuerOf(authority: Authority, generation = authority.status?.ca?.generation ?? 1): IssuerChoice {
  const { internal, plugin } = authority.spec
  if (plugin) return { type: plugin.name, isPackaged: true, options: plugin.options ?? {} }
  const links = {
    ...(internal?.crl?.url !== undefined && { crlURLs: [ofGeneration(internal.crl.url, generation)] }),
    ...(internal?.issuerURLs && { issuerURLs: internal.issuerURLs.map((url) => ofGeneration(url, generation)) }),
    ...(internal?.ocspURLs && { ocspURLs: internal.ocspURLs }),
  }
  return { type: 'internal', isPackaged: false, options: { secretName: caSecretName(authority, generation), links } }
}

/** A URL that is another for each CA key, in its one form: a CRL is found by comparing it with that in certificates. */
export function ofGeneration(pattern: string, generation: number): string {
  const url = pattern.replaceAll('{generation}', String(generation))
  return URL.canParse(url) ? new URL(url).href : url
}
