import type { Fault } from '#test/rig'
import type { Edit } from './copy.ts'

/** A bug that somebody could make, and the case in which it shows. */
export interface PlantedBug {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Name of the workload. */
  readonly workload: string
  readonly point: string
  readonly fault: Fault
  /** The oracles of which one has to find it. */
  readonly oracles: readonly string[]
}

const [complete, ownSecret] = ['controllers/certificate/complete.ts', 'controllers/own-secret.ts']
const stays = (way: Fault['way']): Fault => ({ recovery: 'goes on', way })
const restart = (way: Fault['way']): Fault => ({ recovery: 'restart', way })

const versions = 'a change says which version it is for'
const rival = 'nothing lands on what has changed'
const whole = 'a Secret is whole in every version'
const revisions = 'one certificate is issued for each revision'
const inTheEnd = 'it is done in the end'

/** What goes wrong with the Secret of a certificate. */
const ofSecrets: readonly PlantedBug[] = [
  {
    name: 'the audit line follows the write',
    edits: [
      { file: complete, find: '  tools.audit.append(releaseLine(plan, world, signed.issued))\n', replace: '' },
      {
        file: complete,
        find: '    memory.secrets.note(keyOf(name), written.metadata.resourceVersion)\n',
        replace:
          '    tools.audit.append(releaseLine(plan, world, signed.issued))\n' +
          '    memory.secrets.note(keyOf(name), written.metadata.resourceVersion)\n',
      },
    ],
    workload: 'issuance',
    point: 'create secrets web',
    fault: restart('SIGKILL afterCommit'),
    oracles: ['an audit line precedes the write'],
  },
  {
    name: 'the status is written before the Secret',
    edits: [
      {
        file: complete,
        find: '  const { metadata } = await store(plan, world, signed, held, on)\n',
        replace:
          '  const { namespace = "", name } = world.certificate.metadata\n' +
          '  const status = { revision: plan.revision, fingerprint: held.fingerprint }\n' +
          '  const kind = { group: "sifaka.dev", version: "v1alpha1", plural: "certificates", namespaced: true }\n' +
          '  await on.tools.client.mergePatch(kind, { namespace, name }, { status }, { subresource: "status" })\n' +
          '  const { metadata } = await store(plan, world, signed, held, on)\n',
      },
    ],
    workload: 'issuance',
    point: 'create secrets web',
    fault: restart('SIGKILL before'),
    // It has revision 2 from the beginning.
    oracles: [revisions, inTheEnd],
  },
  {
    name: 'a Secret is changed whatever it has become',
    edits: [
      {
        file: ownSecret,
        find: 'const patch = { metadata: { uid, resourceVersion, ...marked }',
        replace: 'const patch = { metadata: { uid, ...marked }',
      },
    ],
    workload: 'other names',
    point: 'patch secrets web',
    fault: stays('meets a rival'),
    oracles: [versions, rival],
  },
  {
    name: 'a Secret that exists is overwritten',
    edits: [
      {
        file: ownSecret,
        find: '  return client.create<KubeObject>(resources.secrets, object, {',
        replace:
          '  const overwrite = (error) => {\n' +
          '    if (error.status !== 409) throw error\n' +
          '    const { type, ...patch } = object\n' +
          '    return client.mergePatch(resources.secrets, { namespace, name }, patch, { metadataOnly: true })\n' +
          '  }\n' +
          '  const { create } = client\n' +
          '  return create.call(client, resources.secrets, object, { metadataOnly: true }).catch(overwrite)\n' +
          '  client.create<KubeObject>(resources.secrets, object, {',
      },
    ],
    workload: 'a stranger who is faster',
    point: 'create events web',
    fault: stays('never arrives'),
    oracles: [inTheEnd],
  },
  {
    name: 'the identity is minted anew with each certificate',
    edits: [{ file: complete, find: 'id: plan.id ?? on.tools.randomId()', replace: 'id: on.tools.randomId()' }],
    workload: 'other names',
    point: 'create events web',
    fault: stays('never arrives'),
    oracles: ['an identity is minted once'],
  },
  {
    name: 'the key is used again although it is to be rotated',
    edits: [
      {
        file: 'controllers/certificate/sign.ts',
        find: 'if (request.keepKey && replaces && !needsNewKey)',
        replace: 'if (replaces && !needsNewKey)',
      },
    ],
    workload: 'other names',
    point: 'patch certificates/status web',
    fault: stays('never arrives'),
    oracles: ['keys are rotated as the spec says'],
  },
  {
    name: 'ca.crt comes in a second write',
    edits: [
      {
        file: complete,
        find: "    files: { ...files, 'ca.crt': caBundle, ...rendered },\n",
        replace: "    files: { ...files, 'ca.crt': '', ...rendered },\n",
      },
      {
        file: complete,
        find: '  const { metadata } = await store(plan, world, signed, held, on)\n',
        replace:
          '  const first = await store(plan, world, signed, held, on)\n' +
          "  const { metadata } = await patchSecret(on.tools.client, first.metadata, { files: { 'ca.crt': " +
          'signed.caBundle } }, on.signal)\n',
      },
      { file: complete, find: '  createSecret,\n', replace: '  createSecret,\n  patchSecret,\n' },
    ],
    workload: 'issuance',
    point: 'create events web',
    fault: stays('never arrives'),
    oracles: [whole, 'nothing is written any more'],
  },
  {
    name: 'certificate and key change in two writes',
    edits: [
      {
        file: ownSecret,
        find: '  return patchSecret(client, observed, patch, signal)\n',
        replace:
          "  const { 'tls.key': key, ...first } = patch.files\n" +
          '  return patchSecret(client, observed, { ...patch, files: first }, signal).then(({ metadata }) =>\n' +
          "    patchSecret(client, metadata, { files: { 'tls.key': key } }, signal),\n" +
          '  )\n',
      },
    ],
    workload: 'other names',
    point: 'create events web',
    fault: stays('never arrives'),
    oracles: [whole],
  },
  {
    name: 'what somebody does to the template on the Secret is not seen',
    edits: [
      {
        file: 'plan/certificate/secret-content.ts',
        find: "=== 'certificate' && hasTemplate(metadata, certificate.spec)",
        replace: "=== 'certificate'",
      },
    ],
    workload: 'template that somebody has overwritten',
    point: 'patch secrets web',
    fault: stays('never arrives'),
    oracles: [inTheEnd],
  },
]

/** What goes wrong beside it. */
const ofTheRest: readonly PlantedBug[] = [
  {
    name: 'a status is written whatever the object has become',
    edits: [
      {
        file: 'runtime/status-writer.ts',
        find: 'const body = { metadata: { uid, resourceVersion }, status: patch }',
        replace: 'const body = { metadata: { uid }, status: patch }',
      },
    ],
    workload: 'issuance',
    point: 'patch certificates/status web',
    fault: stays('meets a rival'),
    oracles: [versions, rival],
  },
  {
    name: 'our own writes are not remembered',
    edits: [
      {
        file: 'runtime/own-writes.ts',
        find: '    if (resourceVersion === undefined) return\n',
        replace: '    return\n',
      },
    ],
    workload: 'issuance',
    point: 'patch certificates/status web',
    fault: stays('is not seen'),
    oracles: ['nothing is decided before our own write is seen'],
  },
  {
    name: 'an order without an answer is ordered once more',
    edits: [
      {
        file: 'controllers/certificate/order.ts',
        find: 'const request = requestFor(journal.id, asJournaled',
        replace: 'const request = requestFor(tools.randomId(), asJournaled',
      },
    ],
    workload: 'order',
    point: 'patch secrets web-pending',
    fault: restart('SIGKILL before'),
    oracles: ['what the work was for is so'],
  },
  {
    name: 'the Secret of an order stays',
    edits: [
      {
        file: 'controllers/certificate/order-secret.ts',
        find: '  await removeSecret(tools.client, metadata, signal)\n',
        replace: '',
      },
    ],
    workload: 'order',
    point: 'create events web',
    fault: stays('never arrives'),
    oracles: [inTheEnd],
  },
  {
    name: 'the finalizer is removed before the certificate is revoked',
    edits: [
      {
        file: 'controllers/certificate/act.ts',
        find: '      return revoke(plan, world, on)\n',
        replace: '      await setFinalizers([], world, on)\n      return revoke(plan, world, on)\n',
      },
    ],
    workload: 'deletion with revocation and Secret',
    point: 'patch certificates web',
    fault: restart('SIGKILL afterCommit'),
    oracles: [inTheEnd, 'what the work was for is so'],
  },
  {
    name: 'a Secret is deleted whatever it has become',
    edits: [
      {
        file: 'controllers/certificate/release.ts',
        find: 'name: secret }, { uid, resourceVersion, signal })',
        replace: 'name: secret }, { signal })',
      },
    ],
    workload: 'two for one Secret, and the holder goes',
    point: 'create events heir',
    fault: stays('never arrives'),
    oracles: [versions],
  },
  {
    name: 'the register does not find what a crash has lost',
    edits: [
      {
        file: 'controllers/register/register.ts',
        find: '      await this.#rebuild(found)\n',
        replace: '',
      },
    ],
    workload: 'issuance',
    point: 'patch certificates/status web',
    fault: restart('SIGKILL afterReply'),
    oracles: ['the register has a line for each certificate'],
  },
  {
    name: 'with a status that was lost the certificate before is forgotten',
    edits: [
      {
        file: 'controllers/certificate/observe.ts',
        find: '      overtaken,\n',
        replace: '      overtaken: undefined,\n',
      },
    ],
    workload: 'other names',
    point: 'patch certificates/status web',
    fault: restart('SIGKILL before'),
    oracles: ['it ends as without a fault'],
  },
  {
    name: 'a root signs before it is trusted',
    edits: [
      {
        file: 'plan/authority/ca.ts',
        find: 'return !active || isTrusted ||',
        replace: 'return !active || !isTrusted ||',
      },
    ],
    workload: 'rotation of a root',
    point: 'patch configmaps ca-ca',
    fault: stays('never arrives'),
    oracles: ['it ends as without a fault'],
  },
  {
    name: 'it works without the Lease',
    edits: [{ file: 'app/wire.ts', find: 'owns: () => lease.isHeld(),', replace: 'owns: () => true,' }],
    workload: 'issuance',
    point: 'patch certificates/status web',
    fault: { recovery: 'standby', way: 'SIGKILL before' },
    oracles: ['only one is at work', 'nothing is issued twice', inTheEnd],
  },
]

/** The bugs that the rig must find before its green counts. */
export const plantedBugs: readonly PlantedBug[] = [...ofSecrets, ...ofTheRest]
