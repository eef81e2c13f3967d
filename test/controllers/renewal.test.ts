import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Certificate, type CertificateSpec, findCondition } from '#api'
import { day, fromRfc3339, hour, minute, second, toRfc3339 } from '#base'
import { certificates, isRefused, leafOf, messageOf, type Namespace, trueConditions, until } from './namespace.ts'
import { Sandbox, type SandboxOperator } from './sandbox.ts'

const sifaka = new URL('../../bin/sifaka', import.meta.url).pathname
let sandbox: Sandbox
let operator: SandboxOperator
let team: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('renewal')
  await team.createAuthority('ca')
  operator = await sandbox.operator({ namespaces: [team] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

type Renewal = CertificateSpec['renewal']

const renewAtOf = ({ status }: Certificate): number => fromRfc3339(status?.renewAt) ?? Number.NaN

const warningOf = ({ status }: Certificate): string | undefined => findCondition(status?.conditions, 'Warning')?.message

/** What the audit stream says of a Certificate's issuances. */
const issuances = (name: string) =>
  operator.audit().filter(({ object, cause }) => cause !== undefined && (object as { name?: string }).name === name)

const causes = (name: string): unknown[] => issuances(name).map(({ cause }) => cause)

/** When its next certificate was issued, after the first one; it is not renewed any more then. */
async function renewed(name: string, renewal: Renewal) {
  await team.createCertificate(name, { duration: '1m', renewal })
  const first = await team.certificateReady(name, 1)
  await team.certificateReady(name, 2, 70_000)
  await team.remove(certificates, name)
  assert.deepEqual(causes(name).slice(1, 2), ['RenewalDue'])
  const issuedAt = Date.parse(String(issuances(name)[1]?.time))
  return { first, issuedAt, end: fromRfc3339(first.status?.notAfter) ?? Number.NaN }
}

describe('renewal', { concurrency: true }, () => {
  describe('windows', { concurrency: true }, () => {
    const saturday = { schedule: '0 2 * * SAT', length: '4h' }

    test('decide when a certificate is renewed; a change of them holds at once and issues nothing', async () => {
      const weekdayAndHour = (certificate: Certificate): number[] => {
        const at = new Date(renewAtOf(certificate))
        return [at.getUTCDay(), at.getUTCHours()]
      }
      await team.createCertificate('weekend', { duration: '2160h', renewal: { windows: [saturday] } })
      const [saturdays, hours] = weekdayAndHour(await team.certificateReady('weekend', 1))
      assert.ok(saturdays === 6 && hours !== undefined && hours >= 2 && hours < 6)
      await team.changeSpec('weekend', { renewal: { windows: [{ ...saturday, schedule: '0 2 * * SUN' }] } })
      const sundays = await team.certificateUntil('weekend', (seen) => weekdayAndHour(seen)[0] === 0)
      assert.equal(sundays.status?.revision, 1)
      await team.changeSpec('weekend', { renewal: null })
      const free = await team.certificateUntil('weekend', (seen) => renewAtOf(seen) !== renewAtOf(sundays))
      const left = (fromRfc3339(free.status?.notAfter) ?? 0) - renewAtOf(free)
      assert.ok(left >= 30 * day && left <= 33 * day)
      assert.equal(free.status?.revision, 1)
    })

    test('that are open let it be renewed when it is due', async () => {
      const windows = [{ schedule: '* * * * *', length: '1h', timeZone: 'Asia/Kathmandu' }]
      const { first, issuedAt, end } = await renewed('open', { before: '45s', windows })
      const lateMs = issuedAt - renewAtOf(first)
      assert.ok(lateMs >= 0 && lateMs < 2 * second, `${lateMs} ms late`)
      assert.ok(renewAtOf(first) <= end - 45 * second)
    })

    test('that never open put it off until half of `before` is left, and say so meanwhile', async () => {
      const windows = [
        { ...saturday, timeZone: 'Mars/Olympus' },
        { ...saturday, schedule: '0 0 31 2 *' },
        { ...saturday, schedule: '61 2 * * *' },
      ]
      const { first, issuedAt, end } = await renewed('closed', { before: '50s', windows })
      assert.equal(renewAtOf(first), end - 25 * second)
      const lateMs = issuedAt - renewAtOf(first)
      assert.ok(lateMs >= 0 && lateMs < 2 * second, `${lateMs} ms late`)
      assert.deepEqual(trueConditions(first), ['Ready', 'Warning'])
      assert.match(
        warningOf(first) ?? '',
        /windows\[0\].*Mars\/Olympus.*windows\[1\].*never comes.*windows\[2\].*minute: 61/,
      )
    })

    test('are mended: the warning goes', async () => {
      const broken = { ...saturday, timeZone: 'Europe/Atlantis' }
      await team.createCertificate('mended', { renewal: { windows: [broken] } })
      const said = await team.certificateReady('mended', 1)
      assert.match(
        warningOf(said) ?? '',
        /^spec\.renewal: windows\[0\] never opens: timeZone: Europe\/Atlantis is no time/,
      )
      await until(
        () => team.events('mended'),
        (events) => events.some(({ type, reason }) => type === 'Warning' && reason === 'WindowNeverOpens'),
        'the event',
      )
      await team.changeSpec('mended', { renewal: { windows: [{ ...saturday, timeZone: 'Europe/Athens' }] } })
      const mended = await team.certificateUntil('mended', (seen) => warningOf(seen) === undefined)
      assert.equal(new Date(renewAtOf(mended)).getUTCDay(), 6)
      assert.equal(mended.status?.revision, 1)
    })
  })

  describe('by hand', { concurrency: true }, () => {
    test('policy Manual: reminded of, expired, and issued anew on request', async () => {
      await team.createCertificate('manual', { duration: '1m', renewal: { before: '50s', policy: 'Manual' } })
      const first = await team.certificateReady('manual', 1)
      assert.equal(first.status?.renewAt, undefined)
      assert.deepEqual(trueConditions(first), ['Ready'])
      const reminded = await team.certificateUntil('manual', (seen) => warningOf(seen) !== undefined, 20_000)
      assert.deepEqual(trueConditions(reminded), ['Ready', 'Warning'])
      const ask = /and is not renewed by itself, as renewal\.policy is Manual: run sifaka certificates renew manual -n /
      assert.match(warningOf(reminded) ?? '', ask)
      const expired = await team.certificateRefused('manual', 'Expired', 70_000)
      assert.deepEqual(trueConditions(expired), ['Stalled'])
      assert.match(messageOf(expired), ask)
      assert.equal(expired.status?.revision, 1)

      const renew = ['certificates', 'renew', 'manual', '--namespace', team.name, '--kubeconfig', sandbox.kubeconfig]
      const { stdout } = await promisify(execFile)(sifaka, [...renew, '--wait'])
      assert.match(stdout, /\/manual: renewed: revision 2, until /)
      const second = await team.certificateReady('manual', 2)
      assert.deepEqual(trueConditions(second), ['Ready'])
      assert.deepEqual(causes('manual').slice(1), ['ReissueRequested'])
    })

    test('policy Manual: a changed spec is followed all the same', async () => {
      await team.createCertificate('changed', { renewal: { policy: 'Manual' } })
      await team.certificateReady('changed', 1)
      await team.changeSpec('changed', { dnsNames: ['other.example.com'] })
      await team.certificateReady('changed', 2)
      assert.deepEqual(causes('changed'), ['SecretMissing', 'RequestChanged'])
    })

    test('a fixed end is the end, and another one is another certificate', async () => {
      const endOf = async (): Promise<number> => Date.parse(leafOf(await team.secret('fixed')).validTo)
      const wholeSecond = Math.floor(Date.now() / second) * second
      await team.createCertificate('fixed', { notAfter: toRfc3339(wholeSecond + 100 * day) })
      const first = await team.certificateReady('fixed', 1)
      assert.equal(await endOf(), wholeSecond + 100 * day)
      assert.equal(first.status?.renewAt, undefined)

      await team.changeSpec('fixed', { notAfter: toRfc3339(wholeSecond + 100 * day + second) })
      await team.certificateReady('fixed', 2)
      assert.equal(await endOf(), wholeSecond + 100 * day + second)
      assert.deepEqual(causes('fixed'), ['SecretMissing', 'RequestChanged'])

      for (const [ahead, message] of [
        [-hour, /^spec\.notAfter .* has passed: set a later one, or use duration$/],
        [30 * second, /^spec\.notAfter .* is less than a minute ahead: /],
      ] as const) {
        const notAfter = toRfc3339(Date.now() + ahead)
        await team.changeSpec('fixed', { notAfter })
        const refused = await team.certificateUntil(
          'fixed',
          (seen) => isRefused(seen, 'InvalidRequest') && messageOf(seen).includes(notAfter),
        )
        assert.match(messageOf(refused), message)
        assert.deepEqual(trueConditions(refused), ['Stalled'])
      }
      assert.equal(await endOf(), wholeSecond + 100 * day + second)

      await team.changeSpec('fixed', { notAfter: toRfc3339(wholeSecond + 50 * day) })
      await team.certificateReady('fixed', 3)
      assert.equal(await endOf(), wholeSecond + 50 * day)
    })

    test('a fixed end that has come is told of', async () => {
      await team.createCertificate('ended', { notAfter: toRfc3339(Date.now() + minute + 3 * second) })
      await team.certificateReady('ended', 1)
      const expired = await team.certificateRefused('ended', 'Expired', 75_000)
      assert.deepEqual(trueConditions(expired), ['Stalled'])
      assert.match(messageOf(expired), /as spec\.notAfter is set: set a later one$/)
    })
  })
})
