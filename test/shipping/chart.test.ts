import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, suite, test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '#api'
import { settings } from '#config'
import { kubectl } from '#test/servers'
import { chart, Helm, helmVersions, nameOf, objectsIn, only, type Rendered, type Values } from './helm.ts'
import { valueSets } from './value-sets.ts'

const helms = helmVersions.map((version) => ({ version, helm: new Helm(version) }))
const helm = new Helm(4)

after(() => {
  for (const each of [helm, ...helms.map((of) => of.helm)]) each.close()
})

const root = new URL('../../', import.meta.url)

const containerOf = (objects: readonly Rendered[]) => {
  const container = only(objects, 'Deployment').spec?.template?.spec.containers[0]
  assert.ok(container)
  return container
}

const variablesOf = (objects: readonly Rendered[]): Record<string, string | undefined> =>
  Object.fromEntries(containerOf(objects).env.map(({ name, value }) => [name, value]))

suite('every set of values', () => {
  for (const [name, values] of Object.entries(valueSets)) {
    for (const { version, helm } of helms) {
      test(`${name}: Helm ${version} finds nothing to complain about`, async () => {
        assert.match(await helm.run(['lint', '--strict', chart], values), /0 chart\(s\) failed/)
      })
    }

    test(`${name}: every version of Helm makes the same objects, each of them once`, async () => {
      const [first = [], ...others] = await Promise.all(helms.map((each) => each.helm.render(values)))
      for (const other of others) assert.deepEqual(other, first)
      const names = first.map(nameOf)
      assert.deepEqual([...new Set(names)].sort(), names.sort())
    })
  }
})

suite('values that the schema refuses, each with a message that names it', () => {
  const refused: readonly (readonly [string, Values, RegExp])[] = [
    ['an unknown name', { replicas: 3 }, /additional properties 'replicas' not allowed/],
    ['an unknown name below', { crds: { install: true } }, /'\/crds'.*additional properties 'install'|crds.*install/s],
    ['a number as text', { replicaCount: 'two' }, /replicaCount.*got string, want integer/s],
    ['a duration without unit', { operator: { restoreGrace: '10' } }, /operator\/restoreGrace.*does not match/s],
    ['a log level', { operator: { logLevel: 'loud' } }, /operator\/logLevel.*must be one of/s],
    ['too much at a time', { operator: { concurrency: 1000 } }, /operator\/concurrency.*maximum/s],
    ['a name with a comma', { operator: { issuerPlugins: ['a,b'] } }, /operator\/issuerPlugins\/0/],
    ['a namespace that is none', { namespaces: ['Team_A'] }, /namespaces\/0.*does not match/s],
    ['a digest cut short', { image: { digest: 'sha256:abc' } }, /image\/digest.*does not match/s],
    ['a port above all', { metrics: { port: 70_000 } }, /metrics\/port.*maximum/s],
    ['less time than it takes to end', { terminationGracePeriodSeconds: 5 }, /terminationGracePeriodSeconds.*minimum/s],
    ['a role that gets no Authorities', { roles: { aggregateAuthoritiesTo: ['view'] } }, /aggregateAuthoritiesTo\/0/],
  ]
  for (const { version, helm } of helms) {
    for (const [what, values, message] of refused) {
      test(`Helm ${version}: ${what}`, () => assert.rejects(helm.render(values), { message }))
    }
  }

  test('a ServiceMonitor without the Service that it selects', () =>
    assert.rejects(helm.render({ metrics: { service: { enabled: false }, serviceMonitor: { enabled: true } } }), {
      message: /set metrics.service.enabled=true/,
    }))

  test('stamping on a cluster that cannot', async () => {
    const values = { admissionPolicies: { enabled: true } }
    const old = { kubernetes: '1.35.9' }
    await assert.rejects(helm.render(values, old), { message: /set admissionPolicies.requestedBy.enabled=false/ })
    const without = { admissionPolicies: { enabled: true, requestedBy: { enabled: false } } }
    const kinds = (await helm.render(without, old)).map(({ kind }) => kind)
    assert.ok(kinds.includes('ValidatingAdmissionPolicy') && !kinds.includes('MutatingAdmissionPolicy'))
  })

  test('a cluster without selectable fields', () =>
    assert.rejects(helm.render({}, { kubernetes: '1.31.0' }), { message: /requires kubeVersion: >=1.32/ }))
})

suite("the operator's settings", () => {
  /** What the chart decides itself: how the API server is reached is the Pod's, the rest follows from other values. */
  const decided: Readonly<Record<string, string | undefined>> = {
    SIFAKA_SYSTEM_NAMESPACE: undefined,
    SIFAKA_IDENTITY: undefined,
    SIFAKA_LISTEN: ':9402',
  }
  const ofPod = ['KUBECONFIG', 'SIFAKA_CONTEXT']

  test('are all set, and by default to what the operator takes by itself', async () => {
    const wanted = Object.values(settings).flatMap(({ variable, ...setting }) => {
      if (ofPod.includes(variable)) return []
      const standard = 'default' in setting ? setting.default : undefined
      return [[variable, variable in decided ? decided[variable] : standard]]
    })
    assert.deepEqual(variablesOf(await helm.render()), Object.fromEntries(wanted))
  })

  test('follow the values, and the operator understands them', async () => {
    const { SIFAKA_IDENTITY, SIFAKA_SYSTEM_NAMESPACE, TZ, ...others } = variablesOf(
      await helm.render({ ...valueSets.everything, namespaces: ['team-a', 'team-b'] }),
    )
    assert.deepEqual([SIFAKA_IDENTITY, SIFAKA_SYSTEM_NAMESPACE, TZ], [undefined, undefined, 'UTC'])
    assert.deepEqual(
      { ...others },
      {
        SIFAKA_NAMESPACES: 'team-a,team-b',
        SIFAKA_LISTEN: ':9500',
        SIFAKA_CRL_LISTEN: ':9403',
        SIFAKA_LEASE_NAME: 'other',
        SIFAKA_LEASE_DURATION: '30s',
        SIFAKA_CONCURRENCY: '32',
        SIFAKA_FREEZE: 'true',
        SIFAKA_ALLOW_LARGE_RSA: 'true',
        SIFAKA_RESTORE_GRACE: '1h',
        SIFAKA_ISSUER_PLUGINS: '@example/issuer,/plugins/other',
        SIFAKA_LOG_LEVEL: 'debug',
        SIFAKA_AUDIT_LOG: '/audit/sifaka.log',
      },
    )
    for (const { variable, schema } of Object.values(settings)) {
      const { success, error } = schema.safeParse(others[variable])
      assert.ok(success || !(variable in others), `${variable}: ${error?.message}`)
    }
  })

  test('identity and system namespace are those of the Pod', async () => {
    const { env } = containerOf(await helm.render())
    const paths = env.flatMap(({ name, valueFrom }) => (valueFrom ? [[name, valueFrom.fieldRef.fieldPath]] : []))
    assert.deepEqual(Object.fromEntries(paths), {
      SIFAKA_IDENTITY: 'metadata.uid',
      SIFAKA_SYSTEM_NAMESPACE: 'metadata.namespace',
    })
  })
})

suite('names and versions', () => {
  test('the chart and the image have the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
    const { version: ofChart, appVersion } = parse(readFileSync(`${chart}/Chart.yaml`, 'utf8'))
    assert.deepEqual({ ofChart, appVersion }, { ofChart: version, appVersion: version })
    assert.equal(containerOf(await helm.render()).image, `ghcr.io/sifaka-dev/sifaka:${version}`)
  })

  test('a digest decides, whatever the tag', async () => {
    const digest = `sha256:${'b'.repeat(64)}`
    const { image } = containerOf(await helm.render({ image: { tag: 'v9', digest } }))
    assert.equal(image, `ghcr.io/sifaka-dev/sifaka@${digest}`)
  })

  test('the longest name of a release still makes valid names', async () => {
    const objects = await helm.render(valueSets.everything, { release: 'a'.repeat(53) })
    for (const each of objects) {
      if (each.kind !== 'CustomResourceDefinition') assert.ok(each.metadata.name.length <= 63, nameOf(each))
    }
  })
})

test('a spread constraint is about our replicas, unless it says whom it is about', async () => {
  const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }
  const own = { ...spread, labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }
  const deployment = only(await helm.render({ topologySpreadConstraints: [spread, own] }), 'Deployment')
  const matchLabels = deployment.spec?.selector?.matchLabels
  const { topologySpreadConstraints } = deployment.spec?.template?.spec ?? {}
  assert.deepEqual(topologySpreadConstraints, [{ ...spread, labelSelector: { matchLabels } }, own])
})

suite('what is written elsewhere reaches the cluster unchanged', () => {
  const file = (name: string): string => readFileSync(`${chart}/files/${name}`, 'utf8')

  test('alerts, with the templates that Prometheus fills in', async () => {
    assert.deepEqual(only(await helm.render(valueSets.everything), 'PrometheusRule').spec, parse(file('alerts.yaml')))
  })

  test('the dashboard', async () => {
    const { data } = only(await helm.render(valueSets.everything), 'ConfigMap')
    assert.deepEqual(JSON.parse(data?.['sifaka.json'] ?? ''), JSON.parse(file('dashboard.json')))
  })
})

suite('config/', () => {
  /** Without what only Helm understands, and what it says of itself. */
  const withoutHelm = (objects: readonly KubeObject[]): Record<string, unknown> => {
    const text = JSON.stringify(objects, (key, value) =>
      ['helm.sh/chart', 'app.kubernetes.io/managed-by', 'helm.sh/resource-policy'].includes(key) ? undefined : value,
    ).replaceAll('"annotations":{},', '')
    return Object.fromEntries((JSON.parse(text) as KubeObject[]).map((each) => [nameOf(each), each]))
  }

  test('default gives what the chart gives by default, and the namespace', async () => {
    const built = objectsIn(await kubectl('/dev/null', ['kustomize', new URL('config/default', root).pathname]))
    const { 'Namespace sifaka-system': namespace, ...others } = withoutHelm(built)
    assert.ok(namespace)
    assert.deepEqual(others, withoutHelm(await helm.render()), 'run `make kustomize`')
  })
})
