import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { dnsNameMatches } from '#pki'
import { isWithin, patternsMeet } from './dns-pattern.ts'
import { emailMatches, isEmailPattern } from './email-pattern.ts'
import { inNamespace } from './namespace-pattern.ts'
import { textMatches } from './text-pattern.ts'
import { isUriPattern, uriMatches } from './uri-pattern.ts'

type Matches = (pattern: string, text: string) => boolean
type Case = readonly [pattern: string, text: string, expected: boolean]

function table(matches: Matches, cases: readonly Case[]): void {
  for (const [pattern, text, expected] of cases) {
    test(`${pattern} ${expected ? 'permits' : 'denies'} ${text}`, () => assert.equal(matches(pattern, text), expected))
  }
}

suite('a text pattern', () => {
  table(textMatches, [
    ['Web Server', 'Web Server', true],
    ['Web Server', 'web server', false],
    ['Web', 'Web Server', false],
    ['Web *', 'Web Server', true],
    ['Web *', 'Web ', true],
    ['Web *', 'My Web Server', false],
    ['* Server', 'Web Server', true],
    ['* Server', 'Web Server 2', false],
    ['*', '', true],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'a1c2b', false],
    ['ab*ba', 'aba', false],
    ['a*b*b', 'ab', false],
    ['**', 'any', true],
    ['a.c', 'abc', false],
    ['', 'a', false],
  ])
})

suite('a URI pattern', () => {
  table(uriMatches, [
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/web', true],
    ['spiffe://example.org/ns/shop/sa/*', 'SPIFFE://EXAMPLE.org/ns/shop/sa/web', true],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/SHOP/sa/web', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/web/x', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/..', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/.', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/%2e%2e', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/a%2Fb', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/a\\b', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/*', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org.evil/ns/shop/sa/web', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://evil/spiffe://example.org/ns/shop/sa/web', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/web?x', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org/ns/shop/sa/web#x', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://example.org:80/ns/shop/sa/web', false],
    ['spiffe://example.org/ns/shop/sa/*', 'spiffe://me@example.org/ns/shop/sa/web', false],
    ['https://example.org/*', 'https://example.org\\@evil/x', false],
    ['https://example.org/*', 'http://example.org/x', false],
    ['https://example.org/*', 'https:example.org/x', false],
    ['https://me@example.org/*', 'https://ME@example.org/x', false],
    ['spiffe://example.org/**', 'spiffe://example.org/a', true],
    ['spiffe://example.org/**', 'spiffe://example.org/a/b/c', true],
    ['spiffe://example.org/**', 'spiffe://example.org', false],
    ['spiffe://example.org/**', 'spiffe://example.org/', false],
    ['spiffe://example.org/**', 'spiffe://example.org/a/../b', false],
    ['spiffe://example.org/**', 'spiffe://example.org/a//b', false],
    ['spiffe://example.org/a%20b', 'spiffe://example.org/a%20b', true],
    ['https://example.org/x?q=1', 'https://example.org/x?q=1', true],
    ['urn:example:a', 'urn:example:a', true],
    ['urn:example:a', 'urn:example:a:b', false],
    ['spiffe://*/a', 'spiffe://*/a', false],
    ['spiffe://example.org/web-*', 'spiffe://example.org/web-1', false],
    ['spiffe://example.org/**/a', 'spiffe://example.org/b/a', false],
    ['no uri', 'no uri', false],
  ])

  test('is usable when each wildcard is a whole segment', () => {
    assert.deepEqual(
      ['spiffe://a/*/b/**', 'spiffe://a/b', 'spiffe://*/b', 'spiffe://a/b*', 'spiffe://a/**/b', 'x'].map(isUriPattern),
      [true, true, false, false, false, false],
    )
  })
})

suite('an e-mail pattern', () => {
  table(emailMatches, [
    ['*@example.com', 'web@example.com', true],
    ['*@example.com', 'web@EXAMPLE.com', true],
    ['*@example.com', 'web@a.example.com', false],
    ['*@example.com', 'web@example.com.evil', false],
    ['*@**.example.com', 'web@a.b.example.com', true],
    ['*@*.example.com', 'web@a.example.com', true],
    ['web@example.com', 'web@example.com', true],
    ['web@example.com', 'Web@example.com', false],
    ['web-*@example.com', 'web-1@example.com', false],
    ['web-*@example.com', 'web-*@example.com', false],
    ['example.com', 'web@example.com', false],
  ])

  test('is usable when * is the whole local part', () => {
    assert.deepEqual(['*@a', 'b@a', 'b*@a', '@a', 'a'].map(isEmailPattern), [true, true, false, false, false])
  })
})

suite('{namespace}', () => {
  test('is the name of the namespace, wherever it stands', () => {
    assert.deepEqual(inNamespace(['*.{namespace}.svc', '{namespace}-{namespace}', 'a'], 'shop'), [
      '*.shop.svc',
      'shop-shop',
      'a',
    ])
  })

  for (const name of ['*', '**', 'a.b', '{namespace}', '', '$&', 'A', '-a', 'a'.repeat(64)]) {
    test(`permits nothing to what is no namespace: "${name}"`, () => {
      assert.deepEqual(inNamespace(['*.{namespace}.svc', 'a'], name), ['a'])
    })
  }
})

suite('DNS patterns as sets', () => {
  const cases: readonly [a: string, b: string, meet: boolean, within: boolean][] = [
    ['a.com', 'A.com', true, true],
    ['a.com', 'b.com', false, false],
    ['a.com', '*.com', true, true],
    ['*.com', 'a.com', true, false],
    ['*.com', '**.com', true, true],
    ['**.com', '*.com', true, false],
    ['**.a.com', '**.com', true, true],
    ['**.com', '**.a.com', true, false],
    ['com', '**.com', false, false],
    ['**', '**.com', true, false],
    ['**.com', '**', true, true],
    ['com', '**', true, true],
    ['a.b.com', '*.com', false, false],
    ['a.b.com', '**.b.com', true, true],
    ['*.a.com', '*.b.com', false, false],
    ['{namespace}.com', 'shop.com', true, false],
    ['{namespace}.com', '*.com', true, true],
    ['{namespace}.com', '{namespace}.com', true, true],
  ]
  for (const [a, b, meet, within] of cases) {
    test(`${a} and ${b}`, () => {
      assert.deepEqual([patternsMeet(a, b), patternsMeet(b, a), isWithin(a, b)], [meet, meet, within])
    })
  }

  const label = fc.constantFrom('a', 'b', '*')
  const pattern = fc
    .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 3 }))
    .map(([open, labels]) => [...(open ? ['**'] : []), ...labels].join('.'))
  const name = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))

  test('agree with what patterns permit', () => {
    fc.assert(
      fc.property(pattern, pattern, name, (a, b, host) => {
        const [inA, inB] = [dnsNameMatches(a, host), dnsNameMatches(b, host)]
        if (inA && inB) assert.ok(patternsMeet(a, b))
        if (isWithin(a, b) && inA) assert.ok(inB)
      }),
      { numRuns: 2000 },
    )
  })
})

suite('patterns are anchored at both ends', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
  const host = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'))

  test('no name with one more label at the end, and none with a longer last one, is permitted', () => {
    fc.assert(
      fc.property(host, fc.constantFrom('', '*.', '**.'), label, (domain, wild, more) => {
        const pattern = `${wild}${domain}`
        const name = wild === '' ? domain : `www.${domain}`
        assert.ok(dnsNameMatches(pattern, name))
        for (const longer of [`${name}.${more}`, `${name}${more}`]) assert.ok(!dnsNameMatches(pattern, longer), longer)
        if (wild !== '**.') assert.ok(!dnsNameMatches(pattern, `${more}.${name}`))
      }),
    )
  })

  test('no URI with more before or after it is permitted', () => {
    fc.assert(
      fc.property(host, fc.array(label, { minLength: 1, maxLength: 4 }), label, (domain, path, more) => {
        const pattern = `spiffe://${domain}/${[...path.slice(1), '*'].join('/')}`
        const uri = `spiffe://${domain}/${[...path.slice(1), 'x'].join('/')}`
        assert.ok(uriMatches(pattern, uri))
        const wrong = [`${uri}/${more}`, `${uri}?${more}`, `${more}${uri}`, uri.replace(domain, `${more}.${domain}`)]
        for (const other of wrong) assert.ok(!uriMatches(pattern, other), other)
      }),
    )
  })

  test('no text with more before or after it is permitted, where no * stands there', () => {
    const part = fc.stringMatching(/^[a-c]{0,4}$/)
    fc.assert(
      fc.property(part, part, part, (head, middle, tail) => {
        const pattern = `x${head}*${tail}x`
        assert.ok(textMatches(pattern, `x${head}${middle}${tail}x`))
        for (const other of [`y${head}${middle}${tail}x`, `x${head}${middle}${tail}y`]) {
          assert.ok(!textMatches(pattern, other))
        }
      }),
    )
  })
})

test('the longest inputs take no time, whatever is in them', () => {
  const long = 253
  const stars = 'a*'.repeat(long / 2)
  const dots = 'a.'.repeat(long / 2)
  const hostile: readonly [Matches, string, string][] = [
    [textMatches, `${stars}b`, 'a'.repeat(long)],
    [textMatches, '*'.repeat(long), 'a'.repeat(long)],
    [dnsNameMatches, `**.${'*.'.repeat(100)}b`, `${dots}a`],
    [uriMatches, `https://a/${'*/'.repeat(120)}b`, `https://a/${'a/'.repeat(120)}`],
    [emailMatches, `*@**.${'*.'.repeat(100)}b`, `a@${dots}a`],
  ]
  const start = performance.now()
  for (let round = 0; round < 100; round++) for (const [matches, pattern, text] of hostile) matches(pattern, text)
  assert.ok(performance.now() - start < 1000)
})
