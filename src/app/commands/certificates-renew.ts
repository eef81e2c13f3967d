import { type Command, Option } from 'commander'
import { annotations, type Certificate, certificateKind, findCondition, isTrue } from '#api'
import {
  durationInWords,
  keyOf,
  minute,
  type ObjectKey,
  plainText,
  second,
  sleep,
  systemClock,
  terminal,
  toRfc3339,
} from '#base'
import { ApiError, ifFound, type KubeClient, resourceOf } from '#kube'
import { addConnectionOptions, type Cluster, type ConnectionSettings, connect, listAll } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { intervalOf } from './moment.ts'
import { namespaceOption, noneFound } from './namespace.ts'

interface RenewOptions extends ConnectionSettings {
  readonly namespace?: string
  readonly all?: true
  readonly selector?: string
  readonly wait?: true
  /** Milliseconds. */
  readonly timeout: number
}

const certificates = resourceOf(certificateKind)
const pollMs = second

/** `renew`: asks the operator for a new certificate, whatever the renewal policy. */
export function addRenewCommand(group: Command, context: CommandContext): void {
  const renew = group
    .command('renew')
    .description('Ask for a new certificate now, also with renewal.policy Manual; exit code 1 if --wait sees none come')
    .argument('[names...]', 'names of Certificates')
    .addOption(namespaceOption('the Certificates'))
    .option('--all', 'all Certificates of the namespace')
    .option(
      '-l, --selector <labels>',
      'the Certificates of the namespace with these labels, such as team=shop,tier!=test',
    )
    .option('--wait', 'wait until each has its new revision and is Ready')
    .addOption(
      new Option('--timeout <duration>', 'how long --wait waits for all of them, such as 90s or 10m')
        .argParser(intervalOf)
        .default(5 * minute, '5m'),
    )
    .action(async (names: readonly string[], options: RenewOptions) => renewCertificates(names, options, context))
  addConnectionOptions(renew)
}

async function renewCertificates(
  names: readonly string[],
  options: RenewOptions,
  context: CommandContext,
): Promise<void> {
  const ways = [names.length > 0, options.all === true, options.selector !== undefined]
  if (ways.filter(Boolean).length !== 1) {
    throw terminal('InvalidUsage', 'name the Certificates to renew, or give either --all or --selector')
  }
  await using cluster = await connect(options, context)
  const { client } = cluster
  const namespace = options.namespace ?? cluster.namespace
  const wanted = await choose(cluster, namespace, names, options)
  if (wanted.length === 0) return context.tell(noneFound('Certificates', namespace))
  const asked: Certificate[] = []
  for (const certificate of wanted) {
    asked.push(await ask(cluster, certificate))
    context.print(`Certificate ${nameOf(certificate)}: renewal requested${whyLater(certificate)}\n`)
  }
  if (options.wait) await waitForAll(client, asked, options.timeout, context)
}

/** All that are named must be there before any of them is renewed. */
async function choose(
  { client }: Cluster,
  namespace: string,
  names: readonly string[],
  { selector }: RenewOptions,
): Promise<readonly Certificate[]> {
  if (names.length === 0) {
    const all = await listAll<Certificate>(client, certificates, { namespace, labelSelector: selector })
    return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }
  const keys = [...new Set(names)].map((name) => ({ namespace, name }))
  const found = await Promise.all(keys.map((key) => ifFound(client.get<Certificate>(certificates, key))))
  const missing = keys.filter((_, at) => found[at] === undefined).map(({ name }) => plainText(name))
  if (missing.length === 0) return found.filter((each) => each !== undefined)
  throw terminal(
    'NotFound',
    `there is no Certificate ${missing.join(', ')} in namespace ${namespace}: nothing was renewed`,
  )
}

/**
 * What was issued before the time in the annotation is issued anew. That is the API server's time, as a clock that is
 * slow would ask for nothing. It may be a second behind, and times of issuance are whole seconds: with the second after
 * the next, what has been issued in this very one counts too.
 */
function ask({ client, now }: Cluster, { metadata }: Certificate): Promise<Certificate> {
  const at = toRfc3339(now() + 2 * second)
  const patch = { metadata: { uid: metadata.uid, annotations: { [annotations.reissueRequestedAt]: at } } }
  return client.mergePatch<Certificate>(certificates, keyIn(metadata), patch)
}

const whyLater = ({ spec }: Certificate): string => (spec.suspend ? ', and done once spec.suspend is false' : '')

/** A Certificate as it is now, or why that cannot be told at the moment. */
type Seen = Certificate | ApiError

/** @param asked as they were when they had been asked for */
async function waitForAll(
  client: KubeClient,
  asked: readonly Certificate[],
  timeoutMs: number,
  { print, exitWith }: CommandContext,
): Promise<void> {
  const until = systemClock.monotonicMs() + timeoutMs
  let waiting = asked.map((before) => ({ before, trouble: '' }))
  let isAnyGone = false
  for (;;) {
    const left: typeof waiting = []
    for (const { before } of waiting) {
      const seen = await look(client, before)
      if (seen === undefined) {
        print(`Certificate ${nameOf(before)}: not renewed: it was deleted\n`)
        isAnyGone = true
      } else if (isRenewed(before, seen)) {
        print(`Certificate ${nameOf(seen)}: ${renewedTo(seen)}\n`)
      } else {
        left.push({ before, trouble: whyNot(seen) })
      }
    }
    waiting = left
    if (waiting.length === 0 || systemClock.monotonicMs() + pollMs > until) break
    await sleep(systemClock, pollMs)
  }
  for (const { before, trouble } of waiting) {
    print(`Certificate ${nameOf(before)}: not renewed within ${durationInWords(timeoutMs)}: ${trouble}\n`)
  }
  if (waiting.length > 0 || isAnyGone) exitWith(exitCodes.no)
}

/** Undefined: it is gone, or going. One of the same name that was made since is another one. */
async function look(client: KubeClient, { metadata }: Certificate): Promise<Seen | undefined> {
  try {
    const seen = await ifFound(client.get<Certificate>(certificates, keyIn(metadata)))
    const isGone = seen?.metadata.uid !== metadata.uid || seen?.metadata.deletionTimestamp !== undefined
    return isGone ? undefined : seen
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

function isRenewed(before: Certificate, seen: Seen): seen is Certificate {
  if (seen instanceof ApiError) return false
  const { metadata, status } = seen
  const isCurrent = status?.observedGeneration === metadata.generation
  return isCurrent && (status?.revision ?? 0) > (before.status?.revision ?? 0) && isTrue(status?.conditions, 'Ready')
}

const renewedTo = ({ status }: Certificate): string =>
  `renewed: revision ${status?.revision}, until ${status?.notAfter}`

/** What the operator says of it, which a condition tells: Issuing while a certificate is in use, the others without. */
function whyNot(seen: Seen): string {
  if (seen instanceof ApiError) return seen.message
  const { conditions } = seen.status ?? {}
  const said = ['Issuing', 'Stalled', 'Reconciling'].map((type) => findCondition(conditions, type))
  const trouble = said.find((each) => each?.status === 'True')
  return trouble ? `${plainText(trouble.reason)}: ${plainText(trouble.message, 2048)}` : 'no operator has answered yet'
}

const keyIn = ({ namespace = '', name }: Certificate['metadata']): ObjectKey => ({ namespace, name })

const nameOf = ({ metadata }: Pick<Certificate, 'metadata'>): string => keyOf(keyIn(metadata))
