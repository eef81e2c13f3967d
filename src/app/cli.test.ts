import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import type { Command } from 'commander'
import { settings } from '#config'
import { createCli } from './cli.ts'

const binary = new URL('../../bin/sifaka', import.meta.url).pathname

/** Every command that does something, with its path. */
function leaves(command: Command, path = ''): [path: string, command: Command][] {
  return command.commands.length === 0
    ? [[path.trim(), command]]
    : command.commands.flatMap((each) => leaves(each, `${path} ${each.name()}`))
}

const commands = new Map(leaves(createCli('0', {})))
const listing = ['certificates list', 'certificates show', 'policy check', 'policy audit']

/** The help, each option on one line. */
const helpOf = (command: Command | undefined): string => {
  assert.ok(command)
  command.configureHelp({ ...command.configureHelp(), helpWidth: 1000 })
  return command.helpInformation()
}

suite('the help of', () => {
  for (const [path, command] of commands) {
    test(`${path} says of each option what it is, what must be given, and its variable`, () => {
      const help = helpOf(command)
      const setting = new Map<string, string>(Object.values(settings).map(({ flag, variable }) => [flag, variable]))
      for (const option of command.options) {
        const line = help.split('\n').find((each) => each.trim().startsWith(option.flags)) ?? ''
        assert.match(line.slice(line.indexOf(option.flags) + option.flags.length), /^ {2,}\S+/, option.flags)
        assert.equal(line.includes('(required)'), option.mandatory, line)
        const variable = setting.get(option.flags)
        assert.equal(option.envVar, variable, option.flags)
        if (variable !== undefined) assert.match(line, new RegExp(`env: ${variable}\\b`))
      }
      const shorts = Object.fromEntries(command.options.map(({ long, short }) => [long, short]))
      assert.equal(shorts['--namespace'] ?? '-n', '-n')
      assert.ok(command.options.some(({ long }) => long === '--kubeconfig'))
      assert.ok(command.options.some(({ long }) => long === '--context'))
    })
  }

  test('all that lists or shows something has the same formats', () => {
    for (const path of listing) {
      assert.match(
        helpOf(commands.get(path)),
        /-o, --output <format> .*"table", "json", "yaml", "csv", default: "table"/,
      )
    }
  })
})

suite('what is not there is told with the nearest that is, and exit code 2', () => {
  const cases: readonly (readonly [args: string, said: RegExp])[] = [
    ['certificate list', /unknown command 'certificate'\n\(Did you mean certificates\?\)/],
    ['certificates lst', /unknown command 'lst'\n\(Did you mean list\?\)/],
    ['certificates list --nme x', /unknown option '--nme'\n\(Did you mean --name\?\)/],
    ['certificates list more', /too many arguments/],
    ['certificates list -o xml', /Allowed choices are table, json, yaml, csv/],
    ['ca backup', /required option '--authority <name>' not specified/],
    ['certificates renew', /name the Certificates to renew/],
    ['certificates list --kubeconfig /nowhere/config', /^sifaka: kubeconfig \/nowhere\/config: there is no such file/],
    ['certificates list', /^sifaka: no Kubernetes API server: name a kubeconfig with --kubeconfig/],
  ]
  for (const [args, said] of cases) {
    test(`sifaka ${args}`, () => {
      const env = { PATH: process.env.PATH, HOME: '/nowhere' }
      const { status, stdout, stderr } = spawnSync(binary, args.split(' '), { env, encoding: 'utf8' })
      assert.equal(status, 2, stderr)
      assert.match(stderr, said)
      assert.equal(stdout, '')
    })
  }
})
