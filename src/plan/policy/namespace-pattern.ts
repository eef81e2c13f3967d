const placeholder = '{namespace}'

/** RFC 1123 label: nothing of it means anything in a pattern. */
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** Whether a pattern depends on who asks. */
export const hasNamespace = (pattern: string): boolean => pattern.includes(placeholder)

/** Patterns as they are for a namespace. Where its name is none, those that depend on it permit nothing. */
export function inNamespace(patterns: readonly string[], namespace: string): readonly string[] {
  return namespaceName.test(namespace)
    ? patterns.map((pattern) => pattern.replaceAll(placeholder, namespace))
    : patterns.filter((pattern) => !hasNamespace(pattern))
}
