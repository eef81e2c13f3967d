/** The controllers: one folder per kind, each observe, plan, act, conclude. */

export { createAuthorityController } from './authority/controller.ts'
export { AuthorityDirectory } from './authority-directory.ts'
export { createCertificateController } from './certificate/controller.ts'
export { type CrlController, createCrlController } from './crl/controller.ts'
export type { KindController } from './kind-controller.ts'
export { createMakeKey } from './make-key.ts'
export type { Prove } from './register/proof.ts'
export { createProve } from './register/prove.ts'
export { Register, type RegisterOptions } from './register/register.ts'
export { listShards, type StoredShard } from './register/shard-store.ts'
export { type Caches, type ControllerTools, fieldManager, type Issuance, index } from './tools.ts'
