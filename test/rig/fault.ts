/** How the work goes on after a write went wrong. */
export type Recovery = 'goes on' | 'restart' | 'standby'

/**
 * What goes wrong with a write, and who goes on. The process lives: the request never arrives; it is committed and its
 * answer is lost; it arrives when it was given up; somebody else has changed the object meanwhile; the watch does not
 * show the write for a while, or only a new list does. The process dies: before the request arrives; after it is
 * committed; after it is answered.
 */
export interface Fault {
  readonly recovery: Recovery
  readonly way: Way
}

export type Way =
  | 'never arrives'
  | 'is committed, its answer lost'
  | 'arrives late'
  | 'meets a rival'
  | 'is not seen'
  | 'is seen by a list'
  | 'SIGKILL before'
  | 'SIGKILL afterCommit'
  | 'SIGKILL afterReply'

const survived: readonly Way[] = [
  ...(['never arrives', 'is committed, its answer lost', 'arrives late'] as const),
  ...(['meets a rival', 'is not seen', 'is seen by a list'] as const),
]
const deadly: readonly Way[] = ['SIGKILL before', 'SIGKILL afterCommit', 'SIGKILL afterReply']

const everyFault: readonly Fault[] = [
  ...survived.map((way) => ({ way, recovery: 'goes on' }) as const),
  ...deadly.flatMap((way) => [{ way, recovery: 'restart' } as const, { way, recovery: 'standby' } as const]),
]

/** The faults that a write can meet. Events are not watched; what is created has no version to be for. */
export function faultsOf(point: string): readonly Fault[] {
  const isEvent = point.startsWith('create events')
  const canMeetRival = /^(patch|delete) (secrets|certificates|authorities)/.test(point)
  const isSeen = /^(create|patch) (secrets|certificates|authorities)/.test(point)
  return everyFault.filter(({ way }) => {
    if (way === 'meets a rival') return canMeetRival
    if (way === 'is not seen' || way === 'is seen by a list') return isSeen && !isEvent
    return true
  })
}

/** Whether the write that was struck has had no effect, so that what it would have stored is made once more. */
export const isWasted = ({ way }: Fault): boolean =>
  way === 'never arrives' || way === 'arrives late' || way === 'meets a rival' || way === 'SIGKILL before'

export const faultName = ({ way, recovery }: Fault): string => (recovery === 'goes on' ? way : `${way}, ${recovery}`)
