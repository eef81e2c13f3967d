/**
 * Whether a text is what `pattern` says from end to end, where `*` stands for any run of characters, the empty one too.
 * Letters count with their case. Each part of the pattern is looked for once, so a long text costs no more than its
 * length times the parts.
 */
export function textMatches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return text === pattern
  const end = text.length - tail.length
  if (!text.startsWith(head) || !text.endsWith(tail)) return false
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= end
}
