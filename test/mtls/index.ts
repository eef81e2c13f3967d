/** Clients and servers that hold certificates from Secrets, and shake hands. */
export { certificatesIn } from './certificates.ts'
export { type Mesh, startMesh } from './mesh.ts'
export { randomFrom } from './random.ts'
export { Volumes } from './volumes.ts'
