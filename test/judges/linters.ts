import { cached, mustRun } from './programs.ts'
import { certificateFile, type Finding, fileOf, type Judge, type Specimen } from './specimen.ts'

/** The rules of the RFCs; those of the CA/Browser Forum and of the root programs bind public CAs only. */
const sources = 'RFC5280,RFC5480,RFC5891'

const harmless = new Set(['pass', 'NA', 'NE', 'info'])

/** zlint: one line of JSON for each file. It ends with 0 whatever it finds. */
export const zlint: Judge = async (specimens, folder) => {
  const files = specimens.map((each) => fileOf(each, folder))
  const lines = (await mustRun(cached('bin/zlint'), ['-includeSources', sources, ...files])).trim().split('\n')
  if (lines.length !== files.length) throw new Error(`zlint answers for ${lines.length} of ${files.length} files`)
  return specimens.flatMap(({ cell }, index) => {
    const results = Object.entries<{ result: string; details?: string }>(JSON.parse(lines[index] ?? ''))
    if (!results.some(([, { result }]) => result === 'pass')) throw new Error(`zlint has not looked at ${cell}`)
    return results
      .filter(([, { result }]) => !harmless.has(result))
      .map(([code, { result, details = '' }]) => ({ cell, code, level: result, message: details }))
  })
}

const pkilintBatch = new URL('pkilint-batch.py', import.meta.url).pathname

/** pkilint: certificates, each with its issuer, and CRLs. */
export const pkilint: Judge = async (specimens, folder) => {
  const lines = specimens.map((each) => {
    const { cell, kind, issuers } = each
    const [issuer] = kind === 'certificate' ? issuers : []
    return { cell, kind, file: fileOf(each, folder), ...(issuer && { issuer: certificateFile(issuer, folder) }) }
  })
  const findings = await ask(cached('pkilint/bin/python'), [pkilintBatch], lines)
  return findings.filter(({ level }) => level !== 'info')
}

/** Go's crypto/x509, and CIRCL for ML-DSA. */
export const go: Judge = (specimens) => ask(cached('bin/judge'), [], specimens.map(forGo))

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

const forGo = ({ cell, kind, der, issuers, purposes, names }: Specimen) => ({
  ...{ cell, kind, der: base64(der), issuers: issuers.map(base64), purposes },
  hosts: [...names.dnsNames, ...names.ipAddresses],
})

/** Asks a program that reads a specimen and writes a finding in each line. */
async function ask(program: string, args: readonly string[], lines: readonly object[]): Promise<readonly Finding[]> {
  const output = await mustRun(program, args, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Finding => JSON.parse(line))
}
