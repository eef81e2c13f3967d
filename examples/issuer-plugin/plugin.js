// @ts-check
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * @import { CaChain, EndEntityRequest, Issuer, IssuerDescription, IssuerPlugin, IssuerTools, PollAnswer } from 'sifaka/issuers'
 */

/**
 * A CA that signs what lies in a folder, such as one that is offline: each request is a file `<id>.csr`, and when
 * `<id>.crt` appears beside it, that is the certificate.
 * @type {IssuerPlugin}
 */
export default {
  type: 'fileDrop',
  create: (options, tools) => createFileDrop(readOptions(options), tools),
}

/** How soon it is worth looking into the folder again. */
const lookAgainMs = 30_000

/** @type {IssuerDescription} */
const description = {
  isLocal: false,
  decides: ['usages', 'notAfter'],
  unsupported: {
    'ML-DSA': 'OpenSSL knows ML-DSA only since 3.5, and the CA behind the folder may be older',
    isCA: 'the CA behind the folder signs certificates of end entities only',
    subordinates: 'the CA behind the folder signs certificates of end entities only',
    deactivate: 'nobody counts the certificates in a folder',
  },
  revocationReasons: [
    'unspecified',
    'keyCompromise',
    'cACompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'certificateHold',
    'privilegeWithdrawn',
    'aACompromise',
  ],
}

/**
 * Whoever may write an Authority chooses its options, so they name files below a folder of the operator's own choice
 * and cannot lead out of it.
 * @param {unknown} options
 * @returns {{ folder: string, caFile: string }} paths
 */
function readOptions(options) {
  const { folder, caFile } = Object(options)
  for (const [name, value] of Object.entries({ folder, caFile })) {
    if (typeof value !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,62}$/.test(value)) {
      throw failure('Terminal', 'InvalidOptions', `${name} must be a name of a-z, 0-9, dots and hyphens`)
    }
  }
  const path = join(process.env.FILE_DROP_ROOT ?? '/var/lib/sifaka/file-drop', folder)
  return { folder: path, caFile: join(path, caFile) }
}

/**
 * @param {{ folder: string, caFile: string }} paths
 * @param {IssuerTools} tools
 * @returns {Issuer}
 */
function createFileDrop({ folder, caFile }, { readCertificates }) {
  /** @param {string} name */
  const inFolder = (name) => join(folder, name)

  /** @returns {Promise<CaChain>} */
  const caChain = async () => {
    const certificates = readCertificates(await readText(caFile))
    const isRoot = ({ subject = '', issuer = '' }) => subject === issuer
    return {
      intermediates: certificates.filter((each) => !isRoot(each)),
      roots: certificates.filter(isRoot),
    }
  }

  /**
   * @param {string} id
   * @returns {Promise<PollAnswer>}
   */
  const look = async (id) => {
    if (await exists(inFolder(`${id}.crt`))) {
      const [certificate] = readCertificates(await readText(inFolder(`${id}.crt`)))
      if (certificate) return { state: 'issued', certificate, ...(await caChain()) }
    }
    if (await exists(inFolder(`${id}.csr`))) return { state: 'pending', handle: id, afterMs: lookAgainMs }
    return { state: 'gone', why: `there is no request ${id} in the folder` }
  }

  return {
    describe: () => description,

    async issue(request, signal) {
      signal.throwIfAborted()
      refuseUnsupported(request)
      const { id } = request
      const found = await look(id)
      if (found.state !== 'gone') return found
      // The CA never finds half a request.
      await inFileSystem(writeFile(inFolder(`${id}.part`), await request.csr()))
      await inFileSystem(rename(inFolder(`${id}.part`), inFolder(`${id}.csr`)))
      return { state: 'pending', handle: id, afterMs: lookAgainMs }
    },

    async poll(handle, _request, signal) {
      signal.throwIfAborted()
      return isId(handle) ? look(handle) : { state: 'gone', why: 'no order was ever called so' }
    },

    async cancel(handle, signal) {
      signal.throwIfAborted()
      if (!isId(handle)) return
      for (const ending of ['csr', 'crt']) await inFileSystem(rm(inFolder(`${handle}.${ending}`), { force: true }))
    },

    async revoke({ serialNumber, reason }, signal) {
      signal.throwIfAborted()
      if (!/^[0-9a-f]{1,40}$/.test(serialNumber)) throw failure('Terminal', 'InvalidRequest', 'no serial number')
      await inFileSystem(writeFile(inFolder(`${serialNumber}.revoke`), `${reason}\n`))
    },

    async caChain(signal) {
      signal.throwIfAborted()
      return caChain()
    },
  }
}

/**
 * Sifaka sends no such request; this is for the day on which somebody else does.
 * @param {EndEntityRequest} request
 */
function refuseUnsupported({ publicKey }) {
  if (publicKey.asymmetricKeyType?.startsWith('ml-dsa')) {
    throw failure('Terminal', 'Unsupported', `ML-DSA: ${description.unsupported['ML-DSA']}`)
  }
}

/** @param {string} handle */
const isId = (handle) => /^[a-z0-9-]{1,64}$/.test(handle)

/** @param {string} path */
const readText = (path) => inFileSystem(readFile(path, 'utf8'))

/** @param {string} path */
const exists = (path) =>
  inFileSystem(
    access(path).then(
      () => true,
      (error) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
    ),
  )

/**
 * A folder that cannot be used now may be there again later.
 * @template Value
 * @param {Promise<Value>} promise
 * @returns {Promise<Value>}
 */
const inFileSystem = (promise) =>
  promise.catch((error) => {
    throw failure('Retryable', 'FolderUnavailable', `the folder of the CA cannot be used: ${error.message}`)
  })

/**
 * What Sifaka reads of a failure are its fields, so this package needs nothing of Sifaka at run time.
 * @param {'Terminal' | 'Retryable'} kind
 * @param {string} reason
 * @param {string} message
 */
const failure = (kind, reason, message) => Object.assign(new Error(message), { kind, reason })
