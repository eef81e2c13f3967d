import { createSecureContext } from 'node:tls'
import { keytool, run } from './programs.ts'
import { derOf, type Finding, fileOf, type Specimen } from './specimen.ts'

const password = 'changeit'

/** How keystores of the matrix are closed. */
export const keystoreLock = { alias: 'certificate', password }

const flaw = ({ cell }: Specimen, message: string): Finding => ({ cell, code: 'keystore', level: 'error', message })

/** Whether openssl gets the key out of PKCS #12 stores, and the chain. */
export async function readByOpenssl(specimens: readonly Specimen[], folder: string): Promise<Finding[]> {
  const found = await Promise.all(specimens.map((each) => flawsOf(each, fileOf(each, folder))))
  return found.flat()
}

async function flawsOf(each: Specimen, file: string): Promise<Finding[]> {
  const { status, stdout, stderr } = await run('openssl', [
    'pkcs12',
    '-in',
    file,
    '-nodes',
    '-passin',
    `pass:${password}`,
  ])
  if (status !== 0) return [flaw(each, stderr)]
  const certificates = stdout.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const chain = certificates.map((pem) => Buffer.from(derOf(pem)).toString('hex'))
  const wanted = each.issuers.map((der) => Buffer.from(der).toString('hex'))
  return [
    ...(stdout.includes('BEGIN PRIVATE KEY') ? [] : [flaw(each, 'there is no key')]),
    ...(String(chain) === String(wanted) ? [] : [flaw(each, `there are ${chain.length} certificates, or others`)]),
  ]
}

/** Whether keytool reads stores, the key too, and writes what openssl finds the same in. */
export async function readByKeytool(specimens: readonly Specimen[], folder: string): Promise<Finding[]> {
  const found: Finding[] = []
  for (const each of specimens) {
    const source = fileOf(each, folder)
    const copy = `${source}.copy`
    const from = ['-srckeystore', source, '-srcstorepass', password]
    const to = ['-destkeystore', copy, '-deststoretype', 'PKCS12', '-deststorepass', password]
    const { status, stdout, stderr } = await keytool('-importkeystore', '-noprompt', ...from, ...to)
    found.push(...(status === 0 ? await flawsOf(each, copy) : [flaw(each, stdout + stderr)]))
  }
  return found
}

/** What Node has against a PKCS #12 store for TLS. */
export function readByNode({ der }: Specimen): string[] {
  try {
    createSecureContext({ pfx: Buffer.from(der), passphrase: password })
    return []
  } catch (error) {
    return [String(error)]
  }
}
