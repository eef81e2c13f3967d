import assert from 'node:assert/strict'
import { annotations, type Certificate, type Secret, secretLabel } from '#api'
import { certificates, isReady, revisionOf } from '../controllers/namespace.ts'
import { fingerprintOf } from './history.ts'
import { oracle } from './oracle.ts'
import { registerOf } from './register.ts'
import type { Stage } from './workload.ts'

/** Every Certificate that is ready tells of what its Secret holds. */
export async function judgeStatus({ sandbox, namespace }: Stage): Promise<void> {
  const { items } = await sandbox.client.list<Certificate>(certificates, { namespace: namespace.name })
  for (const certificate of items.filter(isReady)) {
    const { metadata, spec, status } = certificate
    const secret = await namespace.secret(spec.secretName ?? metadata.name)
    await oracle('the status agrees with the Secret', () => {
      assert.equal(status?.fingerprint, fingerprintOf(secret))
      assert.equal(String(status?.revision), revisionOf(secret))
      assert.equal(secret.metadata.annotations?.[annotations.certificate], metadata.name)
    })
  }
}

/** The register has one line for each certificate of an internal CA that was ever in a Secret. */
export const judgeRegister = (stage: Stage): Promise<void> =>
  oracle('the register has a line for each certificate', async () => {
    const lines = await registerOf(stage)
    assert.deepEqual(lines.map(({ fingerprint }) => fingerprint).sort(), [...toBeRegistered(stage)].sort())
  })

/** Whether all certificates that were issued are in the register as it is stored. */
export async function isRegistered(stage: Stage): Promise<boolean> {
  await stage.secrets.caughtUp()
  return (await registerOf(stage)).length === toBeRegistered(stage).size
}

/** Fingerprints of the certificates of internal CAs that were ever in a Secret. */
function toBeRegistered({ secrets }: Stage): Set<string> {
  const issued = secrets.versions
    .map(({ object }) => object as unknown as Secret)
    .filter(({ metadata }) => metadata.labels?.[secretLabel] === 'certificate')
    .filter(({ metadata }) => metadata.annotations?.[annotations.caGeneration] !== undefined)
  return new Set(issued.map(fingerprintOf))
}
