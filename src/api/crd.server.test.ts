import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ApiClient,
  type BadSpec,
  badAuthorities,
  badAuthorityChanges,
  badCertificates,
  errorsOf,
  type FullSpec,
  fullAuthorities,
  fullAuthorityStatus,
  fullCertificateStatus,
  fullCertificates,
  goodAuthorityChanges,
  pathOf,
} from '#test/api'
import { type ControlPlane, controlPlane, installCrds, kubectl } from '#test/servers'
import { customResourceDefinition } from './crd.ts'
import { apiVersion } from './group.ts'
import { authorityKind, certificateKind, type Kind } from './kind.ts'
import type { StructuralSchema } from './structural-schema.ts'

interface Case {
  readonly kind: Kind
  readonly full: readonly FullSpec[]
  readonly bad: readonly BadSpec[]
  readonly status: object
}

const cases: readonly Case[] = [
  { kind: authorityKind, full: fullAuthorities, bad: badAuthorities, status: fullAuthorityStatus },
  { kind: certificateKind, full: fullCertificates, bad: badCertificates, status: fullCertificateStatus },
]

const namespace = `crd-${randomUUID().slice(0, 8)}`
const strict = 'fieldValidation=Strict'
let plane: ControlPlane
let api: ApiClient

before(async () => {
  plane = await controlPlane()
  // At once, as test files that share an API server do.
  await Promise.all([installCrds(plane.kubeconfig), installCrds(plane.kubeconfig)])
  await kubectl(plane.kubeconfig, ['create', 'namespace', namespace])
  api = new ApiClient(plane.kubeconfig)
})

after(async () => {
  await api?.close()
  await plane?.stop()
})

const manifest = ({ kind }: Kind, name: string, spec: unknown): object => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
})

for (const { kind, full, bad, status } of cases) {
  suite(kind.kind, () => {
    const objects = pathOf(kind.plural, namespace)
    const name = `full-${kind.singular}`

    test('is established and structural', async () => {
      const { body } = await api.send(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind.plural}.sifaka.dev`,
      )
      const { conditions } = body.status as { conditions: { type: string; status: string }[] }
      const states = Object.fromEntries(conditions.map((condition) => [condition.type, condition.status]))
      assert.deepEqual(states, { NamesAccepted: 'True', Established: 'True' })
    })

    test('explains its fields', async () => {
      const explain = () => kubectl(plane.kubeconfig, ['explain', '--recursive', `${kind.plural}.sifaka.dev`])
      // What the API server tells of its kinds may be a moment behind.
      const explained = await explain().catch(() => sleep(3000).then(explain))
      assert.match(explained, new RegExp(kind.description))
      const { spec } = schemaOf(kind)
      for (const field of Object.keys(spec?.properties ?? {})) assert.match(explained, new RegExp(`\\b${field}\t<`))
    })

    for (const [index, row] of full.entries()) {
      test(`keeps: ${row.name}`, async () => {
        const created = await api.send('POST', `${objects}?${strict}`, manifest(kind, `${name}-${index}`, row.spec))
        assert.deepEqual(errorsOf(created), [])
        const read = await api.send('GET', `${objects}/${name}-${index}`)
        assert.deepEqual(read.body.spec, row.spec)
      })
    }

    for (const row of bad) {
      test(`refuses: ${row.name}`, async () => {
        const answer = await api.send('POST', `${objects}?dryRun=All&${strict}`, manifest(kind, 'bad', row.spec))
        assert.deepEqual(errorsOf(answer), [row.error])
      })
    }

    test('each rule, enumeration, bound and required field has a manifest that breaks it', () => {
      const errors = bad.map(({ error }) => error.replaceAll(/\[\d+\]/g, '[]'))
      const all = [...errors, ...badAuthorityChanges.map(({ error }) => error)]
      const untested = promises('spec', schemaOf(kind).spec).filter(
        ({ path, says }) => !all.some((error) => error.startsWith(`${path}: `) && error.includes(says)),
      )
      assert.deepEqual(untested, [])
    })

    test('each text has a bound', async () => {
      const texts = full.flatMap(({ spec }) => boundedTexts(schemaOf(kind).spec, spec))
      for (const { path, max, spec } of new Map(texts.map((text) => [text.path, text])).values()) {
        const answer = await api.send('POST', `${objects}?dryRun=All&${strict}`, manifest(kind, 'bad', spec))
        assert.ok(errorsOf(answer).includes(`${path}: Too long: may not be more than ${max} bytes`), path)
      }
    })

    test('each field is in a manifest that is kept', () => {
      const seen = new Set(full.flatMap(({ spec }) => pathsOf('spec', spec)))
      assert.deepEqual(
        fieldPaths('spec', schemaOf(kind).spec).filter((path) => !seen.has(path)),
        [],
      )
    })

    test('keeps spec and status apart', async () => {
      const own = `${objects}/apart-${kind.singular}`
      const created = await api.send('POST', objects, {
        ...manifest(kind, `apart-${kind.singular}`, full[0]?.spec),
        status,
      })
      assert.deepEqual(created.body.status, { observedGeneration: -1 })
      const changed = await api.send('PUT', `${own}/status?${strict}`, { ...created.body, spec: full[1]?.spec, status })
      assert.deepEqual(errorsOf(changed), [])
      const read = await api.send('GET', own)
      assert.deepEqual([read.body.spec, read.body.status], [full[0]?.spec, status])
      assert.equal(read.body.metadata?.generation, 1)
    })

    test('shows its columns', async () => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
      const { body } = await api.send('GET', `${objects}/apart-${kind.singular}`, undefined, accept)
      const columns = body.columnDefinitions?.map((column) => column.name)
      assert.deepEqual(columns, ['Name', ...kind.columns.map((column) => column.name)])
      const cells = body.rows?.[0]?.cells ?? []
      assert.deepEqual(
        cells.filter((cell) => cell === null || cell === '' || String(cell).includes('invalid')),
        [],
      )
    })

    test('is found by its short name and its category', async () => {
      const get = (what: string): Promise<string> =>
        kubectl(plane.kubeconfig, ['get', '-n', namespace, '-o', 'name', what])
      const object = `${kind.singular}.sifaka.dev/apart-${kind.singular}\n`
      for (const what of [kind.shortNames[0] ?? '', 'sifaka']) assert.ok((await get(what)).includes(object), what)
    })

    test('the examples of its page are accepted', async () => {
      const page = readFileSync(new URL(`../../docs/kinds/${kind.singular}.md`, import.meta.url), 'utf8')
      const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml]) => yaml)
      assert.notEqual(examples.length, 0)
      const dryRun = ['apply', '-n', namespace, '--dry-run=server', '--validate=strict', '-f', '-']
      for (const example of examples) await kubectl(plane.kubeconfig, dryRun, example)
    })
  })
}

suite('changes of an Authority', () => {
  const objects = pathOf('authorities', namespace)

  for (const [index, row] of badAuthorityChanges.entries()) {
    test(`refuses: ${row.name}`, async () => {
      const created = await api.send('POST', objects, manifest(authorityKind, `change-${index}`, row.from))
      const path = `${objects}/change-${index}?dryRun=All`
      assert.deepEqual(errorsOf(await api.send('PUT', path, { ...created.body, spec: row.to })), [row.error])
      assert.deepEqual(errorsOf(await api.send('PUT', path, { ...created.body, spec: row.from })), [])
    })
  }

  for (const [index, row] of goodAuthorityChanges.entries()) {
    test(`accepts: ${row.name}`, async () => {
      const name = `good-change-${index}`
      const created = await api.send('POST', objects, manifest(authorityKind, name, row.from))
      assert.deepEqual(errorsOf(created), [])
      const changed = await api.send('PUT', `${objects}/${name}?${strict}`, { ...created.body, spec: row.to })
      assert.deepEqual([errorsOf(changed), changed.body.spec], [[], row.to])
    })
  }

  test('a rotation asked for in a spec that never said a generation can be asked for again, higher', async () => {
    const path = `${objects}/raised`
    const sent = manifest(authorityKind, 'raised', { internal: {} })
    let last = await api.send('POST', objects, sent)
    for (const generation of [2, 2, 3]) {
      last = await api.send('PUT', path, { ...last.body, spec: { internal: { generation } } })
      assert.deepEqual(errorsOf(last), [])
    }
  })
})

test('what is left out of a grant is filled in', async () => {
  const spec = { internal: {}, allowedNamespaces: {}, allowedSubordinates: {} }
  const { body } = await api.send('POST', pathOf('authorities', namespace), manifest(authorityKind, 'granting', spec))
  assert.deepEqual(body.spec, { ...spec, allowedNamespaces: { from: 'Same' }, allowedSubordinates: { from: 'None' } })
})

test('certificates are selected by their authority', async () => {
  const selector = ['--field-selector', 'spec.authorityRef.name=team-ca']
  const found = await kubectl(plane.kubeconfig, [
    'get',
    '-n',
    namespace,
    '-o',
    'name',
    'certificates.sifaka.dev',
    ...selector,
  ])
  assert.deepEqual(found.trim().split('\n').sort(), [
    'certificate.sifaka.dev/apart-certificate',
    'certificate.sifaka.dev/full-certificate-0',
  ])
})

const schemaOf = (kind: Kind): Readonly<Record<string, StructuralSchema>> =>
  customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema.properties ?? {}

interface Promised {
  readonly path: string
  /** A part of the error that breaking it gives. */
  readonly says: string
}

/** What the API server says of a value out of these bounds; those of texts have a test of their own. */
const bounds = {
  minLength: 'at least',
  minItems: 'at least',
  minimum: 'greater than or equal to',
  maximum: 'less than or equal to',
  maxProperties: 'Too many',
}

/** What a schema promises to refuse, by the path in an error. */
function promises(path: string, schema: StructuralSchema | undefined): Promised[] {
  if (!schema) return []
  const own: Promised[] = (schema['x-kubernetes-validations'] ?? []).map(({ message, fieldPath = '' }) => ({
    path: path + fieldPath,
    says: message,
  }))
  if (schema.enum) own.push({ path, says: 'Unsupported value' })
  for (const [bound, says] of Object.entries(bounds)) if (bound in schema) own.push({ path, says })
  // A set of enumerated values cannot be longer than the enumeration.
  if (schema.items && !schema.items.enum) own.push({ path, says: 'Too many' })
  for (const name of schema.required ?? []) own.push({ path: `${path}.${name}`, says: 'Required value' })
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    promises(`${path}.${name}`, member),
  )
  return [...own, ...members, ...promises(`${path}[]`, schema.items)]
}

interface BoundedText {
  readonly path: string
  readonly max: number
  /** The whole value with this one text too long. */
  readonly spec: object
}

/** The texts of a value that its schema bounds; of a list the first item only. */
function boundedTexts(schema: StructuralSchema | undefined, spec: object): BoundedText[] {
  const below = (node: StructuralSchema | undefined, value: unknown, path: string, keys: string[]): BoundedText[] => {
    if (typeof value === 'string' && node?.maxLength !== undefined) {
      return [{ path, max: node.maxLength, spec: withText(spec, keys, 'a'.repeat(node.maxLength + 1)) }]
    }
    if (Array.isArray(value)) return below(node?.items, value[0], `${path}[0]`, [...keys, '0'])
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, inner]) =>
      below(node?.properties?.[key] ?? node?.additionalProperties, inner, `${path}.${key}`, [...keys, key]),
    )
  }
  return below(schema, spec, 'spec', [])
}

/** A copy of an object or list with another text at the end of a path. */
function withText(value: object, [key = '', ...rest]: readonly string[], text: string): object {
  const inner = (value as Readonly<Record<string, object>>)[key] ?? {}
  const changed = rest.length === 0 ? text : withText(inner, rest, text)
  return Array.isArray(value) ? [changed, ...value.slice(1)] : { ...value, [key]: changed }
}

/** Paths of all fields below a schema. */
function fieldPaths(path: string, schema: StructuralSchema | undefined): string[] {
  if (schema?.items) return fieldPaths(`${path}[]`, schema.items)
  return Object.entries(schema?.properties ?? {}).flatMap(([name, member]) => [
    `${path}.${name}`,
    ...fieldPaths(`${path}.${name}`, member),
  ])
}

/** Paths of all members of a value. */
function pathsOf(path: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(`${path}[]`, item))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [`${path}.${name}`, ...pathsOf(`${path}.${name}`, member)])
}
