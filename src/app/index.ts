/** Builds everything by hand and closes it in reverse order; the command line. */
export { createCli } from './cli.ts'
