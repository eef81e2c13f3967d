import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { normalizeNames, type SubjectNames } from '#pki'
import { purposes } from './cells.ts'
import { readByKeytool } from './keystores.ts'
import { keytool } from './programs.ts'
import { certificateFile, type Finding, fileOf, type Judge, pemOf, type Specimen } from './specimen.ts'

/**
 * Java's keytool: whether it reads what was asked for out of certificates and requests, whether it verifies chains,
 * CRLs and requests, and whether it reads keystores. Starting it takes a quarter of a second, so of all certificates
 * with one issuer one is verified.
 */
export const javaKeytool: Judge = async (specimens, folder) => {
  const certificates = specimens.filter(({ kind }) => kind === 'certificate')
  const lists = specimens.filter(({ kind }) => kind === 'crl')
  const requests = specimens.filter(({ kind }) => kind === 'csr')
  const keystores = specimens.filter(({ kind }) => kind === 'keystore')
  const store = ['-keystore', join(folder, 'trust.p12'), '-storepass', 'changeit']
  const found = [
    ...(await readCertificates(certificates, folder)),
    ...(await verifyChains([...certificates, ...lists], store, folder)),
    ...(await verifyLists(lists, store, folder)),
    ...(await readByKeytool(keystores, folder)),
  ]
  for (const each of requests) found.push(...(await verifyRequest(each, folder)))
  return found
}

const error = (cell: string, code: string, message: string): Finding => ({ cell, code, level: 'error', message })

async function readCertificates(specimens: readonly Specimen[], folder: string): Promise<Finding[]> {
  if (specimens.length === 0) return []
  const file = join(folder, 'all-certificates.pem')
  writeFileSync(file, specimens.map(({ der }) => pemOf(der, 'certificate')).join(''))
  const { stdout, stderr } = await keytool('-printcert', '-file', file)
  // A single one has no heading.
  const blocks = specimens.length === 1 ? [stdout] : stdout.split(/^Certificate\[\d+\]:$/m).slice(1)
  return [
    ...specimens.flatMap(({ cell, ...asked }, index) =>
      readingFlaws(asked, blocks[index] ?? '').map((flaw) => error(cell, 'reading', flaw)),
    ),
    ...warningsIn(stdout + stderr),
  ]
}

/** What it says of all of them at the end, such as that a key is weak. */
const warningsIn = (output: string): Finding[] =>
  output
    .split(/^Warning:$/m)
    .slice(1)
    .map((message) => error('all', 'warning', message.trim()))

/** In which line each kind of name stands. */
const nameLines: readonly (readonly [kind: keyof SubjectNames, pattern: RegExp])[] = [
  ['dnsNames', /^ {2}DNSName: (.*)$/gm],
  ['ipAddresses', /^ {2}IPAddress: (.*)$/gm],
  ['uris', /^ {2}URIName: (.*)$/gm],
  ['emailAddresses', /^ {2}RFC822Name: (.*)$/gm],
]

/** Where names and purposes that it reads are not those that were asked for. */
function readingFlaws({ names, purposes: asked, kind }: Omit<Specimen, 'cell'>, text: string): string[] {
  // Name constraints have such lines too, elsewhere.
  const [alternatives = ''] = /SubjectAlternativeName \[[^\]]*\]/.exec(text) ?? []
  const found = nameLines.map(([type, line]) => [type, Array.from(alternatives.matchAll(line), ([, name]) => name)])
  const read = normalizeNames(Object.fromEntries(found))
  const [usages = ''] = /ExtendedKeyUsages \[[^\]]*\]/.exec(text) ?? []
  const readPurposes = purposes.filter((purpose) => usages.includes(`  ${purpose}\n`))
  return [
    ...nameLines
      .filter(([type]) => String(read[type]) !== String(names[type]))
      .map(([type]) => `it reads ${type} ${read[type]}, not ${names[type]}`),
    ...(kind === 'csr' || String(readPurposes) === String(purposes.filter((each) => asked.includes(each)))
      ? []
      : [`it reads the purposes ${readPurposes}, not ${asked}`]),
  ]
}

/**
 * Roots are trusted; what is below them gets into the store only once its chain is verified, without a question. That
 * is every CA, and of all that one CA has issued the first.
 */
async function verifyChains(
  specimens: readonly Specimen[],
  store: readonly string[],
  folder: string,
): Promise<Finding[]> {
  const found: Finding[] = []
  const stored = new Set<string>()
  const issuers = new Set<string>()
  for (const each of specimens) {
    const [root, ...below] = each.issuers.map((der) => certificateFile(der, folder)).toReversed()
    if (root === undefined) continue
    const issuer = below.at(-1) ?? root
    if (each.kind === 'certificate' && !issuers.has(issuer)) below.push(certificateFile(each.der, folder))
    if (each.kind === 'certificate') issuers.add(issuer)
    for (const file of new Set([root, ...below]).difference(stored)) {
      stored.add(file)
      const options = [...store, ...(file === root ? ['-noprompt'] : [])]
      const { stdout, stderr } = await keytool('-importcert', '-alias', basename(file), '-file', file, ...options)
      const said = `${stdout}${stderr}`.trim()
      if (said !== 'Certificate was added to keystore') found.push(error(each.cell, 'chain', said))
    }
  }
  return found
}

/** The certificates of those who signed them are in the store by now. */
async function verifyLists(
  specimens: readonly Specimen[],
  store: readonly string[],
  folder: string,
): Promise<Finding[]> {
  if (specimens.length === 0) return []
  const file = join(folder, 'all-crls.pem')
  writeFileSync(file, specimens.map(({ der }) => pemOf(der, 'crl')).join(''))
  const { stdout, stderr } = await keytool('-printcrl', '-file', file, ...store)
  const blocks = stdout.split(/^X\.509 CRL v2$/m).slice(1)
  return [
    ...specimens.flatMap(({ cell }, index) => {
      const block = blocks[index] ?? stderr
      return /^Verified by /m.test(block) ? [] : [error(cell, 'signature', block.slice(-300))]
    }),
    ...warningsIn(stdout + stderr),
  ]
}

/** It reads none whose signature is not right. */
async function verifyRequest(each: Specimen, folder: string): Promise<Finding[]> {
  const { status, stdout, stderr } = await keytool('-printcertreq', '-file', fileOf(each, folder))
  if (status !== 0) return [error(each.cell, 'request', `${stdout}${stderr}`.trim())]
  return [
    ...readingFlaws(each, stdout).map((flaw) => error(each.cell, 'reading', flaw)),
    ...warningsIn(stdout + stderr),
  ]
}
