import { internalIssuer } from '#issuers'
import { type Bundle, encodeBundle } from '#pki'
import { FakeClock, testCa } from '#test/make'
import { type TestedAuthority, testIssuer } from '#testing'

const authorityOf = (ca: Bundle): TestedAuthority => ({
  options: { secretName: 'ca-1' },
  secrets: { 'ca-1': { ...encodeBundle(ca, 'PKCS8') } },
  clock: new FakeClock(),
})

testIssuer({ name: 'internal, a root', plugin: internalIssuer, authority: async () => authorityOf(await testCa()) })

testIssuer({
  name: 'internal, a subordinate with an RSA key',
  plugin: internalIssuer,
  authority: async () => {
    const parent = await testCa()
    return authorityOf(await testCa({ commonName: 'Sub', key: { algorithm: 'RSA', size: 2048 }, parent }))
  },
})
