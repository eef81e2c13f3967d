import type { AllowedNamespaces, AllowedSubordinates, LabelSelector, ObjectMeta } from '#api'

type Labels = Readonly<Record<string, string>>

/** Whether labels fulfil a label selector. An empty selector matches everything, as everywhere in Kubernetes. */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  const exact = Object.entries(selector.matchLabels ?? {})
  if (!exact.every(([key, value]) => labels[key] === value)) return false
  return (selector.matchExpressions ?? []).every((requirement) => isMet(requirement, labels[requirement.key]))
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

function isMet({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/**
 * Whether objects of `namespace` may refer to a target: the target's side of the consent. The own namespace always may.
 * @param target metadata and `spec.allowedNamespaces` of the object referred to
 * @param namespace the referrer's namespace and its labels; while they are not known no selector matches, not even one
 *   that asks for the absence of a label
 */
export function mayRefer(
  target: { metadata: ObjectMeta; allowedNamespaces: AllowedNamespaces | undefined },
  namespace: { name: string; labels: Labels | undefined },
): boolean {
  if (target.metadata.namespace === namespace.name) return true
  const allowed = target.allowedNamespaces
  switch (allowed?.from) {
    case 'All':
      return true
    case 'Selector':
      if (!allowed.selector || !namespace.labels) return false
      return selectorMatches(allowed.selector, namespace.labels)
    default:
      return false
  }
}

/**
 * Whether an Authority of `namespace` may have the target as its parent. Not even the own namespace may by default: a
 * subordinate can sign whatever its own policy permits, in the name of the parent.
 */
export function mayBeParent(
  target: { metadata: ObjectMeta; allowedSubordinates: AllowedSubordinates | undefined },
  namespace: { name: string; labels: Labels | undefined },
): boolean {
  const allowed = target.allowedSubordinates
  switch (allowed?.from) {
    case 'Same':
      return target.metadata.namespace === namespace.name
    case 'Selector':
      if (!allowed.selector || !namespace.labels) return false
      return selectorMatches(allowed.selector, namespace.labels)
    default:
      return false
  }
}
