// @ts-check
import { access, appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fileDrop from '../../examples/issuer-plugin/plugin.js'

/**
 * The sample issuer, which wants to be asked again after a second instead of thirty, and whose authority can be told by
 * files in its folder to be quick, to refuse, or not to cancel. Each call is written into the file `calls`.
 * @import { Issuer, IssuerPlugin } from '#issuers'
 * @type {IssuerPlugin}
 */
const plugin = {
  type: fileDrop.type,
  create(options, tools) {
    const { folder } = Object(options)
    return impatient(fileDrop.create(options, tools), join(process.env.FILE_DROP_ROOT ?? '', folder))
  },
}

// biome-ignore lint/style/noDefaultExport: a plugin is the default export of its package
export default plugin

const afterMs = 1000
/** The longest that people at a CA are waited for within a call. */
const atOnceMs = 20_000

/**
 * @param {Issuer} issuer
 * @param {string} folder
 * @returns {Issuer}
 */
function impatient(issuer, folder) {
  /** @param {string} name */
  const isTold = (name) =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    )
  /** @param {string} what */
  const note = (what) => appendFile(join(folder, 'calls'), `${what}\n`)
  const refuse = async () => {
    if (!(await isTold('refuse'))) return
    throw Object.assign(new Error('this CA does not know you'), { kind: 'Terminal', reason: 'AccountUnknown' })
  }
  /**
   * @template {{ state: string }} Answer
   * @param {Answer} answer
   */
  const soon = (answer) => (answer.state === 'pending' ? { ...answer, afterMs } : answer)

  return {
    ...issuer,
    async issue(request, signal) {
      await note(`issue ${request.id}`)
      await refuse()
      let answer = await issuer.issue(request, signal)
      const deadline = performance.now() + ((await isTold('at-once')) ? atOnceMs : 0)
      while (answer.state === 'pending' && performance.now() < deadline) {
        await sleep(100, undefined, { signal })
        answer = await issuer.issue(request, signal)
      }
      return soon(answer)
    },
    async poll(handle, request, signal) {
      await note(`poll ${handle}`)
      await refuse()
      return soon(await issuer.poll(handle, request, signal))
    },
    async cancel(handle, signal) {
      await note(`cancel ${handle}`)
      if (!(await isTold('never-cancel'))) return issuer.cancel(handle, signal)
      throw Object.assign(new Error(await readFile(join(folder, 'never-cancel'), 'utf8')), {
        kind: 'Terminal',
        reason: 'Unsupported',
      })
    },
  }
}
