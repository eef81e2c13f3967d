import type { z } from 'zod'
import { authoritySpec, authorityStatus } from './authority.ts'
import { certificateSpec, certificateStatus } from './certificate.ts'

/** A column that `kubectl get` shows. Times that may lie ahead are strings. */
export interface PrinterColumn {
  readonly name: string
  readonly jsonPath: string
  readonly type: 'string' | 'integer' | 'date'
  /** 1 hides the column unless `-o wide` is given. */
  readonly priority?: 0 | 1
  readonly description?: string
}

/** One kind of the API. Its zod schemas are the only source of types, CRD and reference page. */
export interface Kind {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  /** One sentence for `kubectl explain` and the reference page. */
  readonly description: string
  readonly spec: z.ZodType
  readonly status: z.ZodType
  readonly columns: readonly PrinterColumn[]
  /** JSON paths that field selectors may use. */
  readonly selectableFields: readonly string[]
}

const ready: PrinterColumn = {
  name: 'Ready',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  type: 'string',
}
const reason: PrinterColumn = {
  name: 'Reason',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  type: 'string',
}
const message: PrinterColumn = {
  name: 'Message',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  type: 'string',
  priority: 1,
}
const warning: PrinterColumn = {
  name: 'Warning',
  jsonPath: '.status.conditions[?(@.type=="Warning")].reason',
  type: 'string',
  priority: 1,
}
const age: PrinterColumn = { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' }

export const authorityKind: Kind = {
  kind: 'Authority',
  plural: 'authorities',
  singular: 'authority',
  shortNames: ['sauth'],
  description: 'Something that can sign certificates.',
  spec: authoritySpec,
  status: authorityStatus,
  columns: [
    ready,
    reason,
    { name: 'Not After', jsonPath: '.status.ca.notAfter', type: 'string' },
    warning,
    message,
    age,
  ],
  selectableFields: [],
}

export const certificateKind: Kind = {
  kind: 'Certificate',
  plural: 'certificates',
  singular: 'certificate',
  shortNames: ['scert'],
  description: 'A certificate that is wanted, and the Secret that holds it.',
  spec: certificateSpec,
  status: certificateStatus,
  columns: [
    ready,
    reason,
    { name: 'Authority', jsonPath: '.status.authority', type: 'string' },
    { name: 'Not After', jsonPath: '.status.notAfter', type: 'string' },
    { name: 'Renew At', jsonPath: '.status.renewAt', type: 'string', priority: 1 },
    { name: 'Secret', jsonPath: '.status.secret.name', type: 'string', priority: 1 },
    warning,
    message,
    age,
  ],
  selectableFields: ['.spec.authorityRef.name'],
}

export const kinds: readonly Kind[] = [authorityKind, certificateKind]
