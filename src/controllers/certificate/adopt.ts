import { annotations, group } from '#api'
import { storeKeyOf } from '#kube'
import { type AdoptPlan, type CertificateWorld, type HeldCertificate, identityMarks, planRefresh } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { withoutValue } from '../own-secret.ts'
import { failureOf } from './failure-of.ts'
import { heldAfter, keepAs, refreshPatch, withPasswords } from './refresh.ts'
import { registerHeld } from './register-held.ts'
import type { ActTools, Report } from './visit.ts'

/** Makes a Secret that is offered ours as it is, in one write that changes neither its key nor its certificate. */
export async function adopt(plan: AdoptPlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const { metadata, held, caBundle, revision } = plan
  const { certificate, requestHash } = world
  const { namespace = '', name, uid = '' } = certificate.metadata
  const taken = { ...world, secret: { state: 'held', metadata, held } } as const
  const outputs = planRefresh(taken)?.outputs ?? ({ as: 'kept' } as const)
  try {
    const due = await withPasswords({ do: 'refresh', metadata, caBundle, outputs }, taken, on)
    const { labels, annotations: said, files } = await refreshPatch(due, on)
    const own = identityMarks(held, { id: on.tools.randomId(), revision, requestHash, name })
    const ours = Object.keys(metadata.annotations ?? {}).filter((each) => each.startsWith(`${group}/`))
    const marks = { ...withoutValue(ours, {}), ...own, ...said }
    on.tools.audit.append({
      event: 'SecretAdopted',
      object: { kind: 'Certificate', namespace, name, uid },
      secret: metadata.name,
      cause: `the annotation ${annotations.adoptBy} of the Secret and spec.adopt agree`,
    })
    const patch = { ...(labels && { labels }), annotations: marks, ...(files && { files }) }
    const report = await keepAs(heldAfter(due.plan, held), patch, metadata, due.world, on)
    if (!isRegistered(held, on)) registerHeld(held, { revision, world }, on.tools)
    return report
  } catch (error) {
    if (!belongsInStatus(error, on.signal)) throw error
    on.memory.doubt(storeKeyOf(certificate))
    const failure = failureOf(error, 'adopting', certificate, on.tools)
    return { outcome: { result: 'failed', failure, nextAttemptAt: undefined }, world }
  }
}

/** Whose it is by the register stays so. One that is not loaded yet finds the Secret by itself. */
const isRegistered = ({ issuedBy, serialNumber, caGeneration }: HeldCertificate, { tools: { register } }: ActTools) =>
  !register.isLoaded() || register.find(issuedBy, serialNumber, caGeneration) !== undefined
