import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { customResourceDefinition } from './crd.ts'
import { certificateKind, kinds } from './kind.ts'

for (const kind of kinds) {
  suite(kind.kind, () => {
    const definition = customResourceDefinition(kind)

    test('stays below 200 KB', () => {
      assert.ok(JSON.stringify(definition).length < 200_000)
    })

    test('is the same each time', () => {
      assert.equal(JSON.stringify(customResourceDefinition(kind)), JSON.stringify(definition))
    })

    test('has a short name that starts with s, never the name of another kind', () => {
      assert.notEqual(kind.shortNames.length, 0)
      for (const name of kind.shortNames) assert.match(name, /^s[a-z]+$/)
    })

    test('describes each column by a path that the schema has', () => {
      const properties = definition.spec.versions[0]?.schema.openAPIV3Schema.properties
      for (const { jsonPath } of kind.columns.filter((column) => !column.jsonPath.includes('['))) {
        const [, part = '', ...rest] = jsonPath.split('.')
        if (part === 'metadata') continue
        const found = rest.reduce((schema, name) => schema?.properties?.[name], properties?.[part])
        assert.ok(found, jsonPath)
      }
    })
  })
}

test('a CustomResourceDefinition of a kind', () => {
  const { spec, ...head } = customResourceDefinition({
    ...certificateKind,
    spec: z.object({ a: z.boolean().describe('A.') }),
    status: z.object({ b: z.int().optional().describe('B.') }),
    columns: [],
    selectableFields: [],
  })
  assert.deepEqual(head, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'certificates.sifaka.dev' },
  })
  assert.deepEqual(spec, {
    group: 'sifaka.dev',
    names: {
      kind: 'Certificate',
      listKind: 'CertificateList',
      plural: 'certificates',
      singular: 'certificate',
      shortNames: ['scert'],
      categories: ['sifaka'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [],
        schema: {
          openAPIV3Schema: {
            description: 'A certificate that is wanted, and the Secret that holds it.',
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { a: { description: 'A.', type: 'boolean' } },
                required: ['a'],
                description: 'What is wanted.',
              },
              status: {
                type: 'object',
                properties: { b: { description: 'B.', type: 'integer' } },
                description: 'What is so, as far as the operator knows.',
                default: { observedGeneration: -1 },
              },
            },
            required: ['spec'],
          },
        },
      },
    ],
  })
})
