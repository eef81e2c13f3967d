import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTarget, recordRequest } from './request.ts'

const cert = '/apis/sifaka.dev/v1alpha1/namespaces/a/certificates'

/** method, URL, verb, group, resource, subresource, namespace, name */
const urls: [string, string, string, string, string, string, string, string][] = [
  ['GET', '/api/v1/namespaces/a/secrets', 'list', '', 'secrets', '', 'a', ''],
  ['GET', '/api/v1/secrets', 'list', '', 'secrets', '', '', ''],
  ['GET', '/api/v1/namespaces/a/secrets/s', 'get', '', 'secrets', '', 'a', 's'],
  ['GET', '/api/v1/namespaces/a/secrets?watch=true', 'watch', '', 'secrets', '', 'a', ''],
  ['GET', '/api/v1/secrets?watch=1&fieldSelector=metadata.name%3Ds', 'watch', '', 'secrets', '', '', 's'],
  ['GET', '/api/v1/secrets?watch=false', 'list', '', 'secrets', '', '', ''],
  ['POST', '/api/v1/namespaces/a/secrets', 'create', '', 'secrets', '', 'a', ''],
  ['DELETE', '/api/v1/namespaces/a/secrets', 'deletecollection', '', 'secrets', '', 'a', ''],
  ['DELETE', '/api/v1/namespaces/a/secrets/s', 'delete', '', 'secrets', '', 'a', 's'],
  ['PATCH', `${cert}/c/status`, 'patch', 'sifaka.dev', 'certificates', 'status', 'a', 'c'],
  ['PUT', `${cert}/c`, 'replace', 'sifaka.dev', 'certificates', '', 'a', 'c'],
  ['GET', '/apis/sifaka.dev/v1alpha1/certificates', 'list', 'sifaka.dev', 'certificates', '', '', ''],
  ['GET', '/api/v1/namespaces', 'list', '', 'namespaces', '', '', ''],
  ['GET', '/api/v1/namespaces/a', 'get', '', 'namespaces', '', '', 'a'],
  ['PUT', '/api/v1/namespaces/a/finalize', 'replace', '', 'namespaces', 'finalize', '', 'a'],
  ['PUT', '/api/v1/namespaces/a/status', 'replace', '', 'namespaces', 'status', '', 'a'],
  ['POST', '/api/v1/namespaces/a/serviceaccounts/b/token', 'create', '', 'serviceaccounts', 'token', 'a', 'b'],
  ['GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x', 'get', 'apiextensions.k8s.io', ...crd('x')],
  ['GET', '/version', 'get', '', '', '', '', ''],
  ['GET', '/apis/apps/v1', 'get', '', '', '', '', ''],
]

function crd(name: string): [string, string, string, string] {
  return ['customresourcedefinitions', '', '', name]
}

test('a URL of the Kubernetes API is understood', async (t) => {
  for (const [method, url, verb, group, resource, subresource, namespace, name] of urls) {
    await t.test(`${method} ${url}`, () => {
      const { query: _, ...target } = parseTarget(method, url)
      assert.deepEqual(target, { verb, group, resource, subresource, namespace, name })
    })
  }
})

test('the record holds name, digest and version of what a write carries', async (t) => {
  const record = (method: string, url: string, body: unknown) =>
    recordRequest('a', method, url, Buffer.from(JSON.stringify(body)), body)
  await t.test('the name of a created object', () => {
    assert.equal(record('POST', '/api/v1/namespaces/a/secrets', { metadata: { name: 's' } }).name, 's')
  })
  await t.test("a patch's resourceVersion", () => {
    assert.equal(record('PATCH', `${cert}/c`, { metadata: { resourceVersion: '7' } }).requestVersion, '7')
  })
  await t.test("a deletion's precondition", () => {
    assert.equal(record('DELETE', `${cert}/c`, { preconditions: { resourceVersion: '8' } }).requestVersion, '8')
  })
  await t.test('the uid that a patch or a deletion is for', () => {
    assert.equal(record('PATCH', `${cert}/c`, { metadata: { uid: 'u' } }).requestUid, 'u')
    assert.equal(record('DELETE', `${cert}/c`, { preconditions: { uid: 'u' } }).requestUid, 'u')
  })
  await t.test("a read's resourceVersion", () => {
    assert.equal(record('GET', `${cert}?resourceVersion=0`, null).requestVersion, '0')
  })
  await t.test('the SHA-256 of the body', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(recordRequest('a', 'POST', '/', Buffer.from('abc'), undefined).bodyDigest, digest)
    assert.equal(recordRequest('a', 'GET', '/', Buffer.alloc(0), undefined).bodyDigest, '')
  })
  await t.test('a sequence over all operators', () => {
    const first = recordRequest('a', 'GET', '/', Buffer.alloc(0), undefined)
    const second = recordRequest('b', 'GET', '/', Buffer.alloc(0), undefined)
    assert.equal(second.seq, first.seq + 1)
  })
})
