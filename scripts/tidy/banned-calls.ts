import ts from 'typescript'

interface Ban {
  /** The use as it is written: a global, a property of one, or a call where only the call is unwanted. */
  readonly name: string
  readonly use: string
  /** Files of src that are the one place for it. */
  readonly except: readonly RegExp[]
}

const clock = [/^src\/base\/clock[.]ts$/]
const timers = 'the Clock that was handed in: clock.after(delayMs, run), or sleep(clock, delayMs, signal) of #base'
const time = 'the Clock that was handed in: clock.now(), or clock.monotonicMs() for a difference'
const settings = [/^src\/config\//, /^src\/main[.]ts$/]

/** What src does not call outside its one place, and what to use instead. Tests beside the code are free. */
const bans: readonly Ban[] = [
  { name: 'Date.now', use: time, except: clock },
  { name: 'new Date()', use: time, except: clock },
  { name: 'performance.now', use: time, except: clock },
  { name: 'process.hrtime', use: time, except: clock },
  { name: 'setTimeout', use: timers, except: clock },
  { name: 'setInterval', use: timers, except: clock },
  { name: 'Math.random()', use: 'a random number that is handed in, so that tests can repeat it', except: [] },
  {
    name: 'process.env',
    use: 'the Config that was handed in; only config and main.ts read the environment',
    except: settings,
  },
  { name: 'console', use: 'the Logger that was handed in', except: [] },
]

/** The use that a node is: `process.env` for `process['env']` too, `new Date()` for a Date without argument. */
function nameOf(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node))
    return (node.arguments ?? []).length === 0 ? `new ${node.expression.getText()}()` : undefined
  if (ts.isCallExpression(node)) return `${node.expression.getText()}()`
  if (ts.isPropertyAccessExpression(node)) return `${node.expression.getText()}.${node.name.text}`
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
    return `${node.expression.getText()}.${node.argumentExpression.text}`
  }
  return ts.isIdentifier(node) && isUse(node) ? node.text : undefined
}

/** Whether the name stands for the global, rather than for a member, an import or a declaration of that name. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  const declares = 'name' in parent && parent.name === node
  return !declares && !ts.isImportOrExportSpecifier(parent) && !ts.isTypeNode(parent)
}

/** One line per banned use in a file of src, with its line number and the replacement. */
export function bannedCalls(path: string, source: string): string[] {
  if (!path.startsWith('src/') || path.endsWith('.test.ts')) return []
  const active = new Map(
    bans.filter((ban) => !ban.except.some((place) => place.test(path))).map((ban) => [ban.name, ban]),
  )
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const ban = active.get(nameOf(node)?.replace(/^globalThis[.]/, '') ?? '')
    if (ban) {
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
      found.push(`${path}:${line}: ${ban.name} is not used here; use ${ban.use}`)
    } else ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
