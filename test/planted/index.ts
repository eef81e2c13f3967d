/** Bugs planted into a copy of the operator, which the fault rig must find before its green counts. */
export { type PlantedBug, plantedBugs } from './bugs.ts'
export { type Copy, copyWith, edited } from './copy.ts'
