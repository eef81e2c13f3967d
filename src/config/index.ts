/** The operator's own settings: their one list, and how they are read. */
export { type GivenSettings, loadConfig } from './load.ts'
export { type Config, type Setting, settings } from './settings.ts'
