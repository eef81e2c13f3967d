/** What listens: an HTTP server with bounds, and the CRLs that are published on one. */
export { type HttpAnswer, type HttpServer, startHttpServer } from './http-server.ts'
export { type Publications, type PublishedCrl, startPublishServer } from './publish-server.ts'
