import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** java Main.java FOLDER HOST: a server and a client do mutual TLS for the name HOST, both with the stores in FOLDER. */
public class Main {
    public static void main(String[] args) throws Exception {
        String password = Files.readString(Path.of(args[0], "keystore-password"));
        for (String store : new String[] {"keyStore", "trustStore"}) {
            System.setProperty("javax.net.ssl." + store, args[0] + "/" + store.toLowerCase() + ".p12");
            System.setProperty("javax.net.ssl." + store + "Password", password);
        }
        InetAddress loopback = InetAddress.getLoopbackAddress();
        SSLContext tls = SSLContext.getDefault();
        var server = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0, 1, loopback);
        server.setNeedClientAuth(true);
        new Thread(() -> greet(server)).start();

        var plain = new Socket(loopback, server.getLocalPort());
        var client = (SSLSocket) tls.getSocketFactory().createSocket(plain, args[1], plain.getPort(), true);
        var parameters = client.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        client.setSSLParameters(parameters);
        System.out.println("the client knows " + args[1] + " by " + client.getSession().getProtocol());
        System.out.println(new String(client.getInputStream().readAllBytes()));
    }

    static void greet(SSLServerSocket server) {
        try (var peer = (SSLSocket) server.accept()) {
            var certificate = (X509Certificate) peer.getSession().getPeerCertificates()[0];
            String greeting = "the server knows the client as " + certificate.getSubjectAlternativeNames();
            peer.getOutputStream().write(greeting.getBytes());
        } catch (Exception refused) {
            System.err.println("the server refuses: " + refused.getMessage());
        }
    }
}
