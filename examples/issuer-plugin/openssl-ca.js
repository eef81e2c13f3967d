import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const caExtensions = `
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`
const leafExtensions = `
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
`

/** A root and a CA below it, whose key is ca.key; chain.pem has the certificates of both. */
export async function createCa(folder) {
  await mkdir(folder)
  const at = (name) => join(folder, name)
  const newKey = (name) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', at(name)]
  await writeFile(at('ca.ext'), caExtensions)
  await writeFile(at('leaf.ext'), leafExtensions)
  const root = ['-x509', '-days', '3650', '-subj', '/CN=Offline Root', '-addext', 'keyUsage=critical,keyCertSign']
  await run('openssl', ['req', ...newKey('root.key'), ...root, '-out', at('root.pem')])
  await run('openssl', ['req', ...newKey('ca.key'), '-subj', '/CN=Offline CA', '-out', at('ca.csr')])
  const byRoot = ['-CA', at('root.pem'), '-CAkey', at('root.key'), '-days', '1825', '-extfile', at('ca.ext')]
  await run('openssl', ['x509', '-req', '-in', at('ca.csr'), ...byRoot, '-out', at('ca.pem')])
  const certificates = await Promise.all(['ca.pem', 'root.pem'].map((name) => readFile(at(name), 'utf8')))
  await writeFile(at('chain.pem'), certificates.join(''))
}

/** Signs every request in the folder that has no certificate yet, as the people at an offline CA would. */
export async function signAll(folder, ca) {
  const byCa = ['-CA', join(ca, 'ca.pem'), '-CAkey', join(ca, 'ca.key')]
  const content = ['-copy_extensions', 'copy', '-extfile', join(ca, 'leaf.ext'), '-days', '90']
  for (const id of await waiting(folder)) {
    const files = ['-in', join(folder, `${id}.csr`), '-out', join(folder, `${id}.crt`)]
    await run('openssl', ['x509', '-req', ...byCa, ...content, ...files])
  }
}

/** Answers every request in the folder with something that is no certificate. */
export async function garble(folder) {
  for (const id of await waiting(folder)) await writeFile(join(folder, `${id}.crt`), '<html>Not found</html>\n')
}

/** What the folder says is revoked: reasons by serial number. */
export async function revoked(folder) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.revoke'))
  const reasons = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return new Map(names.map((name, at) => [name.replace('.revoke', ''), reasons[at].trim()]))
}

async function waiting(folder) {
  const names = new Set(await readdir(folder))
  const ids = [...names].filter((name) => name.endsWith('.csr')).map((name) => name.replace('.csr', ''))
  return ids.filter((id) => !names.has(`${id}.crt`))
}
