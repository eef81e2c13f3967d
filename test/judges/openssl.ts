import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readByOpenssl } from './keystores.ts'
import { run } from './programs.ts'
import { type Finding, fileOf, type Judge, pemOf, type Specimen } from './specimen.ts'

/** What openssl calls the purposes that it knows. */
const purposeNames: readonly (readonly [purpose: string, name: string])[] = [
  ['serverAuth', 'sslserver'],
  ['clientAuth', 'sslclient'],
  ['emailProtection', 'smimesign'],
  ['timeStamping', 'timestampsign'],
]

/**
 * The openssl of this machine: chains by the strict rules of RFC 5280 and for each purpose, signatures of CRLs and
 * requests, PKCS #12 stores.
 */
export const openssl: Judge = async (specimens, folder) => {
  const certificates = specimens.filter(({ kind }) => kind === 'certificate')
  const roots = certificates.map(({ der, issuers }) => issuers.at(-1) ?? der)
  const signed = specimens.filter(({ kind }) => kind !== 'keystore')
  const intermediates = signed.flatMap(({ issuers }) => issuers.slice(0, -1))
  const trust = ['-no-CApath', '-CAfile', bundleFile('roots.pem', roots, folder)]
  const strict = [...trust, '-untrusted', bundleFile('intermediates.pem', intermediates, folder), '-x509_strict']
  const found = await verify(strict, certificates, folder)
  const keystores = specimens.filter(({ kind }) => kind === 'keystore')
  found.push(...(await readByOpenssl(keystores, folder)))
  for (const [purpose, name] of purposeNames) {
    const some = certificates.filter(({ purposes }) => purposes.includes(purpose))
    found.push(...(await verify([...strict, '-purpose', name], some, folder)))
  }
  const signers = ['-no-CApath', '-CAfile', bundleFile('issuers.pem', intermediates, folder)]
  for (const each of specimens) {
    if (each.kind === 'crl') found.push(...(await verifySignature(['crl', ...signers], each, folder)))
    if (each.kind === 'csr') found.push(...(await verifySignature(['req'], each, folder)))
  }
  return found
}

/** Writes certificates into one file, each once. */
function bundleFile(name: string, certificates: readonly Uint8Array[], folder: string): string {
  const path = join(folder, name)
  writeFileSync(path, [...new Set(certificates.map((der) => pemOf(der, 'certificate')))].join(''))
  return path
}

/** `openssl verify` of many: each file has its line at the end, and before it what is wrong. */
async function verify(args: readonly string[], specimens: readonly Specimen[], folder: string): Promise<Finding[]> {
  if (specimens.length === 0) return []
  const files = new Map(specimens.map((each) => [fileOf(each, folder), each.cell]))
  const { stdout, stderr } = await run('openssl', ['verify', ...args, ...files.keys()])
  const found: Finding[] = []
  let errors: string[] = []
  for (const line of stderr.split('\n')) {
    const [, file = ''] = /^error (.*\.pem): verification failed$/.exec(line) ?? []
    const cell = files.get(file)
    if (line.startsWith('error ')) errors.push(line)
    if (cell === undefined) continue
    const [first = line] = errors
    found.push({ cell, code: first.replace(/^.*lookup: /, ''), level: 'error', message: errors.join('; ') })
    errors = []
    files.delete(file)
  }
  for (const line of stdout.split('\n')) if (line.endsWith(': OK')) files.delete(line.slice(0, -': OK'.length))
  for (const [file, cell] of files) {
    found.push({ cell, code: 'unanswered', level: 'error', message: `nothing on ${basename(file)}: ${stderr}` })
  }
  return found
}

/** `openssl crl` and `openssl req` say that a signature is right; other words are what is wrong. */
async function verifySignature(args: readonly string[], each: Specimen, folder: string): Promise<Finding[]> {
  const { stdout, stderr } = await run('openssl', [...args, '-verify', '-noout', '-in', fileOf(each, folder)])
  const said = `${stdout}${stderr}`.trim()
  if (/^(Certificate request self-signature )?verify OK$/m.test(said)) return []
  return [{ cell: each.cell, code: 'signature', level: 'error', message: said }]
}
