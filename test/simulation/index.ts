/** Models of what the operator does, without an API server: a visit, and many years of them. */
export { type Answer, asStored, carryOut, type Issued, nextVisitAt, type Visited } from './visit.ts'
