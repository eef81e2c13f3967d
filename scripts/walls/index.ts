/** The walls between the rooms of src/: the proof that each stops what it should, and the verdict on a tree. */
export { judgeWalls } from './judge.ts'
export { proveWalls } from './prove.ts'
