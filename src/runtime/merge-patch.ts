type Json = unknown
type Members = Record<string, Json>

const isObject = (value: Json): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The JSON merge patch (RFC 7396) that turns `before` into `after`, or undefined when they are equal. A member that is
 * absent or undefined in `after` is removed. Lists are replaced whole.
 */
export function mergePatch(before: Json, after: Json): Members | undefined {
  const from = isObject(before) ? before : {}
  const to = isObject(after) ? after : {}
  const patch: Members = {}
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = memberPatch(from[key], to[key])
    if (change !== undefined) patch[key] = change
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

function memberPatch(before: Json, after: Json): Json {
  if (after === undefined) return before === undefined ? undefined : null
  if (isObject(before) && isObject(after)) return mergePatch(before, after)
  return isEqual(before, after) ? undefined : after
}

/** Deep equality of JSON values, whatever the order of their members. */
function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  if (isObject(a) && isObject(b)) return mergePatch(a, b) === undefined
  return false
}
