import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, matchesGlob } from 'node:path'
import { parseDockerfile, type Stage } from './dockerfile.ts'
import { fillBase, fillNodeBase, which } from './root-filesystem.ts'

/** An image: its last stage, and the folder that is its root file system. */
export interface Image {
  readonly stage: Stage
  readonly root: string
  remove(): void
}

/** What stands in for the bases that a container engine would pull: what the Dockerfile uses of them. */
const bases: readonly { readonly base: RegExp; fill(root: string): void }[] = [
  { base: /^node:[0-9.]+-bookworm-slim$/, fill: fillNodeBase },
  { base: /^gcr\.io\/distroless\/cc-debian12:nonroot$/, fill: fillBase },
]

/**
 * Carries out the steps of a Dockerfile, each stage in a root file system of its own. Needs root, as a container engine
 * does. What differs: the bases are made of this machine's Node and libraries, and chroot alone keeps a step apart.
 */
export function buildImage(project: string): Image {
  const stages = parseDockerfile(readFileSync(join(project, 'Dockerfile'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-image-'))
  const roots = new Map<string, string>()
  const context = contextOf(project)
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, String(index))
    roots.set(stage.name ?? String(index), root)
    fill(stage, root)
    carryOut(stage, root, { project, context, roots })
  }
  const stage = stages.at(-1)
  if (!stage) throw new Error('the Dockerfile has no stage')
  return {
    stage,
    root: join(folder, String(stages.length - 1)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function fill({ base }: Stage, root: string): void {
  const stand = bases.find((each) => each.base.test(base))
  if (!stand) throw new Error(`nothing stands in for the base ${base}`)
  stand.fill(root)
}

interface Surroundings {
  readonly project: string
  readonly context: readonly string[]
  readonly roots: ReadonlyMap<string, string>
}

function carryOut({ instructions }: Stage, root: string, surroundings: Surroundings): void {
  let folder = '/'
  for (const { word, rest } of instructions) {
    if (word === 'WORKDIR') {
      folder = rest
      mkdirSync(join(root, folder), { recursive: true })
    }
    if (word === 'COPY') copy(rest, join(root, folder), root, surroundings)
    if (word === 'RUN') runStep(rest, folder, root)
  }
}

/** `COPY a b to/`, `COPY . .` or `COPY --from=stage path path`. */
function copy(rest: string, folder: string, root: string, { project, context, roots }: Surroundings): void {
  const words = rest.split(/ +/)
  const stage = /^--from=(.+)$/.exec(words[0] ?? '')?.[1]
  if (stage !== undefined) {
    const [, from = '', to = ''] = words
    cpSync(join(roots.get(stage) ?? '', from), join(root, to), { recursive: true, verbatimSymlinks: true })
    return
  }
  const sources = words.slice(0, -1)
  const wanted = context.filter((path) => sources.some((source) => source === '.' || source === path))
  if (wanted.length < sources.length) throw new Error(`COPY ${rest}: not all of it is in the build context`)
  for (const path of wanted) cpSync(join(project, path), join(folder, path), { recursive: true })
}

/** As the build of an image does it: by the shell of the stage, in its folder, as root. */
function runStep(command: string, folder: string, root: string): void {
  execFileSync(which('chroot'), [root, '/bin/sh', '-c', `cd ${folder} && ${command}`], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/tmp',
      NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** Files of the project that .dockerignore lets into a build; the last pattern that matches a path decides. */
export function contextOf(project: string): readonly string[] {
  const rules = readFileSync(join(project, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ keeps: line.startsWith('!'), pattern: line.replace(/^!/, '') }))
  // What no exception names is out anyway: node_modules is not even looked into.
  const candidates = rules
    .filter(({ keeps }) => keeps)
    .flatMap(({ pattern }) => globSync([pattern, `${pattern}/**`], { cwd: project, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(project.length + 1))
  const isIn = (path: string): boolean => {
    const rule = rules.findLast(({ pattern }) => [pattern, `${pattern}/**`].some((each) => matchesGlob(path, each)))
    return rule?.keeps ?? true
  }
  return [...new Set(candidates)].filter(isIn)
}
