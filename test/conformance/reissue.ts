import { annotations } from '#api'
import { second } from '#base'
import { certificates } from '../controllers/namespace.ts'
import type { Bench } from './bench.ts'

/** Asks for another certificate, as early as it makes a difference: in the second after the present one was issued. */
export async function reissue({ team }: Bench, name: string): Promise<void> {
  const { metadata } = await team.secret(name)
  const at = new Date(Date.parse(metadata.annotations?.[annotations.issuedAt] ?? '') + second).toISOString()
  await team.patch(certificates, name, { metadata: { annotations: { [annotations.reissueRequestedAt]: at } } })
}
