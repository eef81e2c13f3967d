const columnsMax = 120
const sourceLinesMax = 400
const testLinesMax = 600

/** One line for a file that is too long, and one for each line of it that is too wide. */
export function sizes(path: string, source: string): string[] {
  const lines = source.replace(/\n$/, '').split('\n')
  const [max, what] = path.endsWith('.test.ts') ? [testLinesMax, 'test'] : [sourceLinesMax, 'source']
  const tooLong =
    lines.length > max ? [`${path}: ${lines.length} lines; a ${what} file has at most ${max}: split it`] : []
  return [
    ...tooLong,
    ...lines.flatMap((line, at) =>
      [...line].length > columnsMax ? [`${path}:${at + 1}: wider than ${columnsMax} columns`] : [],
    ),
  ]
}
