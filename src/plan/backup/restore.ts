import { type Authority, annotations, type Secret, secretLabel } from '#api'
import { canonicalJson, listInWords } from '#base'
import { type Backup, savedMark } from './backup.ts'

/** What is done about one object of a backup. */
export type RestoreStep =
  | { readonly do: 'create' }
  | { readonly do: 'keep' }
  | { readonly do: 'refuse'; readonly differing: string }

/**
 * What is missing is created; what is there already as it was saved is kept; what is there and differs is never
 * overwritten. Of the annotations only those count that say whose CA the Secret holds: others change while a
 * generation lives.
 */
export function restoreSecret(saved: Secret, present: Secret | undefined): RestoreStep {
  if (!present) return { do: 'create' }
  const differing = differencesOf(saved, present)
  return differing.length === 0 ? { do: 'keep' } : { do: 'refuse', differing: listInWords(differing) }
}

export function restoreAuthority(saved: Authority, present: Authority | undefined): RestoreStep {
  if (!present) return { do: 'create' }
  const isSame = canonicalJson(saved.spec) === canonicalJson(present.spec)
  return isSame ? { do: 'keep' } : { do: 'refuse', differing: 'spec' }
}

/** Names of what differs, never its content. */
export function differencesOf(saved: Secret, present: Secret): string[] {
  const named = (name: string): string => `annotation ${name}`
  const [before, now] = [saved.data ?? {}, present.data ?? {}]
  const entries = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  const identity = [annotations.authority, annotations.caGeneration].filter(
    (name) => saved.metadata.annotations?.[name] !== present.metadata.annotations?.[name],
  )
  return [
    ...(saved.type === present.type ? [] : ['type']),
    ...(saved.metadata.labels?.[secretLabel] === present.metadata.labels?.[secretLabel]
      ? []
      : [`label ${secretLabel}`]),
    ...identity.map(named),
    ...entries.filter((name) => before[name] !== now[name]).map((name) => `data ${name}`),
  ]
}

/**
 * The objects of a backup as they are created: each Secret says when it was saved. In another namespace, what names an
 * Authority of the old one without saying its namespace means one of the new one.
 */
export function relocated({ createdAt, authority, secrets }: Backup, to: string | undefined): Backup {
  const parentIsNamed = authority?.spec.internal?.parentRef?.namespace !== undefined
  const moved = ({ metadata, ...rest }: Secret): Secret => {
    const namespace = to ?? metadata.namespace ?? ''
    const said = { ...metadata.annotations, ...savedMark(createdAt) }
    const [from, issuer] = said[annotations.issuedBy]?.split('/') ?? []
    if (from === metadata.namespace && issuer && !parentIsNamed) said[annotations.issuedBy] = `${namespace}/${issuer}`
    return { ...rest, metadata: { ...metadata, namespace, annotations: said } }
  }
  return {
    createdAt,
    authority: authority && { ...authority, metadata: { ...authority.metadata, ...(to && { namespace: to }) } },
    secrets: secrets.map(({ secret, holds }) => ({ secret: moved(secret), holds })),
  }
}
