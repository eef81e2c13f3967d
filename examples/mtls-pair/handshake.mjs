// node handshake.mjs FOLDER: three clients call a server that wants a certificate of them. One shows the client's, one
// none, one the server's own. FOLDER has server/ and client/, each with tls.crt, tls.key and ca.crt.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { connect, createServer } from 'node:tls'

const file = (name) => readFileSync(`${process.argv[2]}/${name}`)
const identity = (who) => ({ cert: file(`${who}/tls.crt`), key: file(`${who}/tls.key`) })

const server = createServer({ ...identity('server'), ca: file('server/ca.crt'), requestCert: true }, (socket) =>
  socket.end(`hello ${socket.getPeerCertificate().subjectaltname}`),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const call = (own) => {
  const { port } = server.address()
  const socket = connect({ host: '127.0.0.1', port, servername: 'ledger.example.com', ca: file('client/ca.crt'), ...own })
  return text(socket).then(
    (answer) => answer || 'refused',
    () => 'refused',
  )
}

console.log('with the certificate of client:', await call(identity('client')))
console.log('without a certificate:', await call({}))
console.log('with the certificate of server:', await call(identity('server')))
server.close()
