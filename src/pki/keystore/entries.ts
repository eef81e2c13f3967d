import type { Bundle } from '../bundle.ts'
import { hasIssued } from '../chain.ts'
import type { ParsedCertificate } from '../parsed-certificate.ts'
import { checkedAlias } from './text.ts'

/** What a key store holds: one private key with its chain. */
export interface KeyStoreContent extends Pick<Bundle, 'key' | 'certificate' | 'intermediates'> {
  /** Where given, the chain goes on to the root that ends it; otherwise it ends before the root. */
  readonly roots?: readonly ParsedCertificate[]
  /** Name of the entry, 1 to 255 characters without control characters. Java makes it lower case. */
  readonly alias: string
}

/** What a trust store holds: each root an entry of its own. */
export interface TrustStoreContent extends Pick<Bundle, 'roots'> {
  /** Name of the first entry; the others are called `<alias>-1`, `<alias>-2` and so on. */
  readonly alias: string
}

/**
 * The chain of a key, leaf first. Of several roots only the one that ends it is there: Java looks for issuers by their
 * name alone, and the next generation of a CA may have the name of the last.
 */
export function chainOf({ certificate, intermediates, roots = [] }: KeyStoreContent): readonly ParsedCertificate[] {
  const chain = [certificate, ...intermediates]
  const last = chain.at(-1) ?? certificate
  const isThere = roots.some(({ fingerprint }) => fingerprint === last.fingerprint)
  const root = isThere ? undefined : roots.find((each) => hasIssued(each, last))
  return root === undefined ? chain : [...chain, root]
}

/** The roots, each with its alias; one that is there twice is entered once. */
export function trustedEntries({ roots, alias }: TrustStoreContent): (readonly [string, ParsedCertificate])[] {
  const name = checkedAlias(alias)
  const different = new Map(roots.map((root) => [root.fingerprint, root]))
  return [...different.values()].map((root, index) => [index === 0 ? name : `${name}-${index}`, root])
}
