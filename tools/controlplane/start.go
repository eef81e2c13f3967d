package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	readyWithin = 90 * time.Second
	stopWithin  = 20 * time.Second
	auditPolicy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
	// What needs no node: owner references, namespace deletion, service accounts and their root CA, aggregated roles.
	controllers = "garbage-collector-controller,namespace-controller,serviceaccount-controller," +
		"serviceaccount-token-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller," +
		"validatingadmissionpolicy-status-controller"
)

type options struct {
	data, auditLog   string
	port             int
	fsync, temporary bool
}

// component is one process of the control plane and the end of its life.
type component struct {
	name    string
	command *exec.Cmd
	done    chan struct{}
	err     error
}

// start runs the control plane until SIGTERM or SIGINT, or until one of its processes ends.
func start(args []string) error {
	var o options
	flags := flag.NewFlagSet("start", flag.ExitOnError)
	flags.StringVar(&o.data, "data", "", "folder for the database, certificates, logs and the kubeconfig (required)")
	flags.IntVar(&o.port, "port", 0, "port of the API server on 127.0.0.1; 0 takes a free one")
	flags.StringVar(&o.auditLog, "audit-log", "", "write every request's metadata to this file")
	flags.BoolVar(&o.fsync, "fsync", false, "let etcd write through to the disk (slower; a crash of the machine loses nothing)")
	flags.BoolVar(&o.temporary, "temporary", false,
		"end when standard input is closed, as it is when the starter is gone, and remove the data folder")
	_ = flags.Parse(args)
	if o.data == "" || flags.NArg() > 0 {
		return errors.New("start needs --data DIR, and takes no further words")
	}
	if o.port < 0 || o.port > 65535 {
		return fmt.Errorf("--port %d is not a port: take 1 to 65535, or 0 for a free one", o.port)
	}
	var err error
	if o.data, err = filepath.Abs(o.data); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if o.temporary {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	// A child dies with the thread that started it (Pdeathsig), so that thread must live as long as we do.
	runtime.LockOSThread()
	lock, err := lockFolder(o.data)
	if err != nil {
		return err
	}
	defer lock.Close()
	err = o.run(ctx)
	if o.temporary {
		err = errors.Join(err, os.RemoveAll(o.data))
	}
	return err
}

// lockFolder keeps a second control plane out of the folder: it would replace the certificates of the first one.
func lockFolder(data string) (*os.File, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("%s is in use by a running control plane: stop it, or choose another --data", data)
	}
	return lock, nil
}

// errStopped ends a start that was asked to stop before it was ready: nothing has gone wrong.
var errStopped = errors.New("stopped before it was ready")

func (o options) run(ctx context.Context) (err error) {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	if o.port == 0 {
		o.port = ports[2]
	} else if err := portIsFree(o.port); err != nil {
		return err
	}
	certs, err := o.prepare()
	if err != nil {
		return err
	}

	var running []*component
	defer func() {
		if errors.Is(err, errStopped) {
			err = nil
		}
		// The API server goes before etcd: without its database it would hang in its own shutdown.
		for i := len(running) - 1; i >= 0; i-- {
			err = errors.Join(err, running[i].stop())
		}
	}()
	launch := func(name string, args ...string) error {
		c, err := o.launch(name, args)
		if err == nil {
			running = append(running, c)
		}
		return err
	}
	etcdURL := fmt.Sprintf("https://127.0.0.1:%d", ports[0])
	if err := launch("etcd", o.etcdArgs(certs, ports[0], ports[1])...); err != nil {
		return err
	}
	if err := launch("kube-apiserver", o.apiserverArgs(certs, etcdURL)...); err != nil {
		return err
	}
	if err := o.waitReady(ctx, certs, "/readyz", running); err != nil {
		return err
	}
	if err := launch("kube-controller-manager", o.controllerManagerArgs(certs)...); err != nil {
		return err
	}
	// The first thing a user does may need the default namespace's service account: it shows that the controllers work.
	if err := o.waitReady(ctx, certs, "/api/v1/namespaces/default/serviceaccounts/default", running); err != nil {
		return err
	}
	fmt.Println("ready")
	return firstEnd(ctx, running)
}

// prepare writes all files that the components read.
func (o options) prepare() (*pki, error) {
	if err := os.MkdirAll(filepath.Join(o.data, "logs"), 0o700); err != nil {
		return nil, err
	}
	certs, err := openPKI(filepath.Join(o.data, "certs"))
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		certs.writeServiceAccountKey(),
		certs.issue("apiserver", "kube-apiserver"),
		certs.issue("etcd", "etcd"),
		certs.issue("admin", "admin", "system:masters"),
		certs.issue("controller-manager", "system:kube-controller-manager"),
		os.WriteFile(filepath.Join(o.data, "audit-policy.yaml"), []byte(auditPolicy), 0o600),
	)
	if err != nil {
		return nil, err
	}
	return certs, errors.Join(
		o.writeKubeconfig(certs, "admin", filepath.Join(o.data, "kubeconfig")),
		o.writeKubeconfig(certs, "controller-manager", certs.path("controller-manager.kubeconfig")),
	)
}

func (o options) etcdArgs(certs *pki, port, peerPort int) []string {
	args := []string{
		"--data=" + filepath.Join(o.data, "etcd"),
		fmt.Sprintf("--port=%d", port),
		fmt.Sprintf("--peer-port=%d", peerPort),
		"--ca=" + certs.path("ca.crt"),
		"--cert=" + certs.path("etcd.crt"),
		"--key=" + certs.path("etcd.key"),
	}
	if o.fsync {
		args = append(args, "--fsync")
	}
	return args
}

func (o options) apiserverArgs(certs *pki, etcdURL string) []string {
	args := []string{
		"--etcd-servers=" + etcdURL,
		"--etcd-cafile=" + certs.path("ca.crt"),
		"--etcd-certfile=" + certs.path("etcd.crt"),
		"--etcd-keyfile=" + certs.path("etcd.key"),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", o.port),
		"--tls-cert-file=" + certs.path("apiserver.crt"),
		"--tls-private-key-file=" + certs.path("apiserver.key"),
		"--client-ca-file=" + certs.path("ca.crt"),
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + certs.path("sa.pub"),
		"--service-account-signing-key-file=" + certs.path("sa.key"),
		"--service-cluster-ip-range=10.0.0.0/24",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--enable-admission-plugins=NodeRestriction",
		"--profiling=false",
		"--shutdown-send-retry-after=false",
	}
	if o.auditLog != "" {
		args = append(args, "--audit-log-path="+o.auditLog, "--audit-policy-file="+filepath.Join(o.data, "audit-policy.yaml"))
	}
	return args
}

func (o options) controllerManagerArgs(certs *pki) []string {
	return []string{
		"--kubeconfig=" + certs.path("controller-manager.kubeconfig"),
		"--authentication-kubeconfig=" + certs.path("controller-manager.kubeconfig"),
		"--authorization-kubeconfig=" + certs.path("controller-manager.kubeconfig"),
		"--controllers=" + controllers,
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + certs.path("sa.key"),
		"--root-ca-file=" + certs.path("ca.crt"),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
	}
}

// launch starts this very binary with a subcommand; its output goes to a log file.
func (o options) launch(name string, args []string) (*component, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(o.logFile(name))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(self, append([]string{name}, args...)...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = childAttributes()
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &component{name: name, command: command, done: make(chan struct{})}
	go func() {
		c.err = command.Wait()
		close(c.done)
	}()
	return c, nil
}

func (o options) logFile(name string) string { return filepath.Join(o.data, "logs", name+".log") }

// stop asks the component to end and kills it if it does not.
func (c *component) stop() error {
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
		return nil
	case <-time.After(stopWithin):
		_ = c.command.Process.Kill()
		<-c.done
		return fmt.Errorf("%s did not stop within %s and was killed", c.name, stopWithin)
	}
}

// firstEnd returns nil when ctx ends, and an error when a component ends before that.
func firstEnd(ctx context.Context, running []*component) error {
	ended := make(chan error, len(running))
	for _, c := range running {
		go func() {
			<-c.done
			ended <- fmt.Errorf("%s ended by itself: %v", c.name, c.err)
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

// waitReady polls a path of the API server until it answers 200.
func (o options) waitReady(ctx context.Context, certs *pki, path string, running []*component) error {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client, err := certs.adminClient()
	if err != nil {
		return err
	}
	last := "no answer"
	for {
		for _, c := range running {
			select {
			case <-c.done:
				return fmt.Errorf("%s ended at once: %v\n%s", c.name, c.err, tail(o.logFile(c.name)))
			default:
			}
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", o.port, path), nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			last = response.Status
		}
		select {
		case <-ctx.Done():
			if whole.Err() != nil {
				return errStopped
			}
			return fmt.Errorf("%s was not ready (%s) when the wait ended: %w", path, last, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *pki) adminClient() (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(p.path("admin.crt"), p.path("admin.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}, nil
}

func (o options) writeKubeconfig(certs *pki, user, path string) error {
	encoded := map[string]string{}
	for _, name := range []string{"ca.crt", user + ".crt", user + ".key"} {
		content, err := os.ReadFile(certs.path(name))
		if err != nil {
			return err
		}
		encoded[name] = base64.StdEncoding.EncodeToString(content)
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: controlplane
clusters:
- name: controlplane
  cluster: {server: "https://127.0.0.1:%d", certificate-authority-data: %s}
users:
- name: %s
  user: {client-certificate-data: %s, client-key-data: %s}
contexts:
- name: controlplane
  context: {cluster: controlplane, user: %s}
`, o.port, encoded["ca.crt"], user, encoded[user+".crt"], encoded[user+".key"], user)
	return os.WriteFile(path, []byte(text), 0o600)
}

// freePorts returns n different ports that were free a moment ago.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func portIsFree(port int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("port %d is taken: choose another with --port, or 0 for a free one", port)
	}
	return listener.Close()
}

func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
