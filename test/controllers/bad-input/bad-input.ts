import type { CertificateSpec, Reason } from '#api'
import { type Namespace, secrets } from '../namespace.ts'

/** Something that a tenant can write, that the API server takes, and that no certificate can be issued for. */
export interface BadInput {
  /** Also the name of the Certificate. */
  readonly name: string
  /** What there is of it before the Certificate. */
  readonly before?: (team: Namespace, name: string) => Promise<unknown>
  readonly spec: BadSpec
  /** What is done to the Certificate and its Secret once that is ready. */
  readonly spoil?: (team: Namespace, name: string) => Promise<unknown>
  /** The condition that tells of it; Ready, which is False then, unless told. */
  readonly shownIn?: 'Ready' | 'Warning' | 'Issuing' | 'Revoked'
  readonly reason: Reason
  /** Names the cause. */
  readonly message: RegExp
  /** Takes the cause away, and does nothing else: a change of the spec, or of something else. */
  readonly mend: object | ((team: Namespace, name: string) => Promise<unknown>)
}

/** A spec as a tenant writes it; null leaves out what tests fill in. */
export type BadSpec = { readonly [Field in keyof CertificateSpec]?: CertificateSpec[Field] | undefined }

/** Values of a Secret, in base64. */
export const dataOf = (values: Readonly<Record<string, string | Uint8Array>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))

/** Puts values into a Secret. */
export const put = (team: Namespace, name: string, values: Readonly<Record<string, string | Uint8Array>>) =>
  team.patch(secrets, name, { data: dataOf(values) })
