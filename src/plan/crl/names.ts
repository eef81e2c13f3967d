import type { Authority } from '#api'
import { derivedName } from '../derived-name.ts'

/** Name of the ConfigMap that holds the CRL of a generation. */
export const crlName = ({ metadata }: Pick<Authority, 'metadata'>, generation: number): string =>
  derivedName(metadata.name, `-crl-${generation}`)
