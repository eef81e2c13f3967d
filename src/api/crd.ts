import { group, version } from './group.ts'
import type { Kind, PrinterColumn } from './kind.ts'
import { type StructuralSchema, structuralSchema } from './structural-schema.ts'

/** A CustomResourceDefinition of apiextensions.k8s.io/v1, as far as Sifaka writes it. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly names: Readonly<Record<'kind' | 'listKind' | 'plural' | 'singular', string>> & {
      readonly shortNames: readonly string[]
      readonly categories: readonly string[]
    }
    readonly scope: 'Namespaced'
    readonly versions: readonly CustomResourceVersion[]
  }
}

interface CustomResourceVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly subresources: { readonly status: Record<string, never> }
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
  readonly additionalPrinterColumns: readonly PrinterColumn[]
  readonly schema: { readonly openAPIV3Schema: StructuralSchema }
}

/**
 * The CustomResourceDefinition of a kind.
 * @throws Error that names the path, when the kind's schemas say something that Kubernetes cannot express
 */
export function customResourceDefinition(kind: Kind): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ['sifaka'],
      },
      scope: 'Namespaced',
      versions: [versionOf(kind)],
    },
  }
}

/** Of an object that no operator has seen yet: kstatus takes one without a status for done. */
const unseen = { observedGeneration: -1 }

function versionOf(kind: Kind): CustomResourceVersion {
  const selectable = kind.selectableFields.map((jsonPath) => ({ jsonPath }))
  return {
    name: version,
    served: true,
    storage: true,
    subresources: { status: {} },
    ...(selectable.length > 0 ? { selectableFields: selectable } : {}),
    additionalPrinterColumns: kind.columns,
    schema: {
      openAPIV3Schema: {
        description: kind.description,
        type: 'object',
        properties: {
          spec: { description: 'What is wanted.', ...structuralSchema(kind.spec) },
          status: {
            description: 'What is so, as far as the operator knows.',
            ...structuralSchema(kind.status),
            default: unseen,
          },
        },
        required: ['spec'],
      },
    },
  }
}
