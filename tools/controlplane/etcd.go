package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd runs one etcd member until SIGTERM. Clients need a certificate of the control plane's own CA, because every
// user of the machine can reach loopback.
func runEtcd(args []string) error {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	data := flags.String("data", "", "folder of the database")
	port := flags.Int("port", 0, "port for clients on 127.0.0.1")
	peerPort := flags.Int("peer-port", 0, "port for peers on 127.0.0.1 (etcd insists on one)")
	ca := flags.String("ca", "", "PEM file: the CA of client and server certificates")
	cert := flags.String("cert", "", "PEM file: the server certificate")
	key := flags.String("key", "", "PEM file: its key")
	fsync := flags.Bool("fsync", false, "write through to the disk")
	_ = flags.Parse(args)

	config := embed.NewConfig()
	config.Name = "default"
	config.Dir = *data
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}
	config.UnsafeNoFsync = !*fsync
	config.QuotaBackendBytes = 4 << 30
	tls := transport.TLSInfo{TrustedCAFile: *ca, CertFile: *cert, KeyFile: *key, ClientCertAuth: true}
	config.ClientTLSInfo, config.PeerTLSInfo = tls, tls
	client := url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", *port)}
	peer := url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", *peerPort)}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}
