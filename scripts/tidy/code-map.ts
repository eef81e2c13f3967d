/**
 * ARCHITECTURE.md and the tree know the same folders: each one that the page names in backquotes with a slash at its
 * end (`src/pki/`, or `pki/` for short) exists, and the page names every folder at the top and every room.
 * @param folders every folder of the tree, relative to its root
 */
export function codeMap(page: string, folders: ReadonlySet<string>): string[] {
  const named = [...page.matchAll(/`([\w.][\w./-]*)\/`/g)].map((match) => match[1] ?? '')
  const known = new Set(named.map((name) => (folders.has(name) ? name : `src/${name}`)))
  const wanted = [...folders].filter((folder) => /^(src\/)?[^./]+$/.test(folder))
  return [
    ...[...known].filter((name) => !folders.has(name)).map((name) => `ARCHITECTURE.md: there is no folder ${name}/`),
    ...wanted.filter((name) => !known.has(name)).map((name) => `ARCHITECTURE.md does not say what \`${name}/\` is for`),
  ]
}
